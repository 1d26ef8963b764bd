using OrleansStream.Log.Files.Metadata;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>The threads that block on the disk, so that none of the thread pool ever does (rule F6), and the one that does what can wait.</summary>
internal sealed record FileLogThreads : IDisposable
{
    // Reads of one spinning or cloud disk do not get faster with more; a backfill must not take every thread of a small machine.
    private const int ColdReadThreads = 2;

    // One can write a segment while the other reads one.
    private const int ObjectThreads = 2;

    // A tenth of what others get where both want a processor: enough to keep up, too little to be felt (docs/adr/0010-background-work.md).
    private const int StandsBack = 10;

    public DedicatedThreadScheduler Metadata { get; } = new("metadata journal");

    public DedicatedThreadScheduler Reads { get; } = new("cold reads", ColdReadThreads);

    public DedicatedThreadScheduler Objects { get; } = new("objects", ObjectThreads);

    /// <summary>Retention, splitting, deletion and sweeps, and their reads of the WAL.</summary>
    public DedicatedThreadScheduler Upkeep { get; } = new("upkeep", nice: StandsBack);

    public void Dispose()
    {
        Upkeep.Dispose();
        Reads.Dispose();
        Objects.Dispose();
        Metadata.Dispose();
    }
}
