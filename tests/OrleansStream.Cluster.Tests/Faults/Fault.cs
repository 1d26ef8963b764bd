using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>One thing that is done to the cluster.</summary>
/// <param name="Kind">What.</param>
/// <param name="Broker">To which broker.</param>
/// <param name="Lasts">How long: for a broker that ends, until it is started again.</param>
internal sealed record Fault(FaultKind Kind, int Broker, TimeSpan Lasts)
{
    /// <summary>What its link does, where a link is at fault.</summary>
    public LinkFault? OnLink { get; init; }

    /// <summary>Between brokers: the one at the other end; null for all others.</summary>
    public int? Peer { get; init; }

    /// <summary>Between brokers: only what this broker sends is hit, not what it gets.</summary>
    public bool IsOneWay { get; init; }

    /// <summary>What a link has held is lost with its connections, and does not arrive late.</summary>
    public bool EndsWithCut { get; init; }

    public override string ToString()
    {
        var where = Kind == FaultKind.Roll ? "all" : $"broker {Broker}";
        if (Kind.IsOfPeers()) where += (IsOneWay ? " to " : " and ") + (Peer is { } peer ? $"broker {peer}" : "all others");
        return $"{Kind} {where}, {Lasts.TotalSeconds:0.0} s{(OnLink is null ? "" : $", {OnLink}")}{(EndsWithCut ? ", then cut" : "")}";
    }
}
