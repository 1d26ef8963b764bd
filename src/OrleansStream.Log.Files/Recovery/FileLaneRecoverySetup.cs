using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>What a <see cref="FileLaneRecovery"/> works with.</summary>
public sealed record FileLaneRecoverySetup
{
    public required IDisk Disk { get; init; }

    public required ISessionStore Sessions { get; init; }

    public required IManifestStore Manifests { get; init; }

    /// <summary>Told of the files of ended sessions, for readers.</summary>
    public required WalFiles Files { get; init; }

    /// <summary>Where files are read: its number of threads bounds how many at once, each with a window of 256 KiB.</summary>
    public required TaskScheduler Scheduler { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>How long files outlive the record that closed their session, for readers that are under way. 10 minutes unless set.</summary>
    public TimeSpan ReadGrace { get; init; } = TimeSpan.FromMinutes(10);
}
