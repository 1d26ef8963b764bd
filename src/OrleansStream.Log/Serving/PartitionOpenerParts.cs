using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What opening partitions takes.</summary>
public sealed class PartitionOpenerParts
{
    public required IManifestStore Manifests { get; init; }

    /// <summary>The lane of the current session, ended or not. A new session gives a new lane.</summary>
    public required Func<ILane> CurrentLane { get; init; }

    /// <summary>Asks the brokers behind sessions that are not this broker's. Null: every session but the current one has ended, as on files, where one process owns all.</summary>
    public ISessionOwners? Owners { get; init; }

    /// <summary>Whether a session is one of this process that is known to have ended: it is recovered without asking anybody (rule W3). None unless set.</summary>
    public Func<SessionId, bool> HasEnded { get; init; } = static _ => false;

    /// <summary>How long one open asks an owner that does not answer. Whoever waits for it is then told to ask again. 10 s unless set.</summary>
    public TimeSpan OwnerPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends opens that wait for an owner: this broker claims nothing more.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Knows what ended sessions left.</summary>
    public required IRecoveredSessions Recovered { get; init; }

    public required HandleTable Handles { get; init; }

    public required ServingParts Serving { get; init; }

    /// <summary>Reads what opens replay; asked for many extents at once. Null: whatever serves reads it too, one extent after the other.</summary>
    public IExtentReader? Extents { get; init; }

    /// <summary>Where producer snapshots stand.</summary>
    public required IObjectStore Objects { get; init; }

    /// <summary>Asks the owner of the catalog, not a local copy, whether the topic exists (rule O1). Hidden topics always do.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    /// <summary>For nonces. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Told of each partition that was taken from a broker that lives; null for nobody, and then no time is taken.</summary>
    public Action<MoveTimeline>? Moved { get; init; }

    public ProducerOptions Producers { get; init; } = new();
}
