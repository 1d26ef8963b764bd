using System.Diagnostics.Metrics;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What a <see cref="FileLog"/> is made of.</summary>
public sealed record FileLogSetup
{
    /// <summary>Open and locked. The log does not dispose it.</summary>
    public required DataDirectory Directory { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>For names and nonces.</summary>
    public required Random Random { get; init; }

    /// <summary>Asks the catalog's owner whether the partition's topic exists (rule O1).</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    /// <summary>Cancelled when a stop has taken its time: blocks that the disk has not taken by then are left. None: they are waited for.</summary>
    public CancellationToken StopEnds { get; init; }

    /// <summary>Told of what an operator should know: a lane that ended, upkeep that failed.</summary>
    public required Action<string, Exception?> Note { get; init; }

    /// <summary>Told of a partition that cannot be opened or read, in one line; of the same cause at most once a minute. An error, not a warning: clients are refused.</summary>
    public required Action<string> NoteFault { get; init; }

    /// <summary>A partition's name for people, such as orders-3; null if it is not known. Never waits.</summary>
    public Func<PartitionId, string?> NameOf { get; init; } = static _ => null;

    public FileLaneOptions Lane { get; init; } = new();

    /// <summary>How long records may wait for company. A disk asks for no such thing, so that nothing waits unless the operator says so.</summary>
    public LingerOptions Linger { get; init; } = new();

    public WalReaderOptions ColdReads { get; init; } = new();

    public TailCacheOptions TailCache { get; init; } = new();

    public JournalOptions Journals { get; init; } = new();

    public ProducerOptions Producers { get; init; } = new();

    /// <summary>Which batches are decompressed to look at each record.</summary>
    public RecordValidation Validation { get; init; }

    public SegmentOptions Segments { get; init; } = new();

    public SplitOptions Split { get; init; } = new();

    public UpkeepOptions Upkeep { get; init; } = new();

    /// <summary>The topic's configs of a partition that is not open; null if they are not known here: such a partition does not expire while it is closed.</summary>
    public Func<PartitionId, PartitionSettings?> SettingsOf { get; init; } = static _ => null;

    /// <summary>Whether a partition may be closed when it is idle. Not those that keep a coordinator's state. None is unless set.</summary>
    public Func<PartitionId, bool> ClosesWhenIdle { get; init; } = static _ => false;

    /// <summary>Where the log's meter is made; null for none.</summary>
    public IMeterFactory? Meters { get; init; }
}
