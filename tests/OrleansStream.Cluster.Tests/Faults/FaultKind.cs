namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What the nemesis can do.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL, and a new start some time later.</summary>
    Kill,

    /// <summary>SIGSTOP for less time than the others need to declare a broker dead.</summary>
    Freeze,

    /// <summary>SIGSTOP for longer than that: the broker wakes up in a cluster that has gone on without it.</summary>
    LongFreeze,

    /// <summary>SIGTERM, and a new start some time later.</summary>
    Stop,

    /// <summary>SIGTERM and a new start for one broker after the other.</summary>
    Roll,

    /// <summary>What goes between a broker and storage takes longer.</summary>
    StorageDelay,

    /// <summary>Nothing comes through between a broker and storage; later all of it does, or the connections are reset.</summary>
    StorageHold,

    /// <summary>Connections between a broker and storage are reset.</summary>
    StorageCut,

    /// <summary>Storage answers a broker with 500 or 503, having done what was asked, or not.</summary>
    StorageErrors,

    /// <summary>Few bytes a second come through between a broker and storage.</summary>
    StorageSlow,

    /// <summary>As <see cref="StorageDelay"/>, between brokers.</summary>
    PeerDelay,

    /// <summary>As <see cref="StorageHold"/>, between brokers.</summary>
    PeerHold,

    /// <summary>As <see cref="StorageCut"/>, between brokers.</summary>
    PeerCut,

    /// <summary>As <see cref="StorageSlow"/>, between brokers.</summary>
    PeerSlow,
}

internal static class FaultKinds
{
    public static readonly IReadOnlyList<FaultKind> All = Enum.GetValues<FaultKind>();

    public static bool IsOfStorage(this FaultKind kind) =>
        kind is FaultKind.StorageDelay or FaultKind.StorageHold or FaultKind.StorageCut or FaultKind.StorageErrors or FaultKind.StorageSlow;

    public static bool IsOfPeers(this FaultKind kind) => kind is FaultKind.PeerDelay or FaultKind.PeerHold or FaultKind.PeerCut or FaultKind.PeerSlow;
}
