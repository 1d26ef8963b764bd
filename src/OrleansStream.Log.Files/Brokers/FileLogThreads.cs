using OrleansStream.Log.Files.Metadata;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>The threads that block on the disk, so that none of the thread pool ever does (rule F6).</summary>
internal sealed record FileLogThreads(DedicatedThreadScheduler Metadata, DedicatedThreadScheduler Reads, DedicatedThreadScheduler Objects) : IDisposable
{
    public void Dispose()
    {
        Reads.Dispose();
        Objects.Dispose();
        Metadata.Dispose();
    }
}
