namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>What readers of blobs did since the start.</summary>
internal sealed class ReadCounts
{
    private readonly long[] _requests = new long[4];
    private readonly long[] _bytes = new long[4];
    private long _hits;
    private long _misses;
    private long _directoryHits;
    private long _directoryMisses;
    private long _hedges;
    private long _hedgesWon;
    private long _evicted;
    private long _evictedUnused;
    private long _readAhead;

    /// <summary>Windows that were found in the cache, or on their way there.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Windows that had to be read.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    public long DirectoryHits => Interlocked.Read(ref _directoryHits);

    public long DirectoryMisses => Interlocked.Read(ref _directoryMisses);

    /// <summary>Requests that were sent a second time.</summary>
    public long Hedges => Interlocked.Read(ref _hedges);

    /// <summary>Of those, how often the second answer came first.</summary>
    public long HedgesWon => Interlocked.Read(ref _hedgesWon);

    /// <summary>Windows that left the cache.</summary>
    public long Evicted => Interlocked.Read(ref _evicted);

    /// <summary>Of those, how many were read ahead and never used.</summary>
    public long EvictedUnused => Interlocked.Read(ref _evictedUnused);

    /// <summary>Windows that were read ahead.</summary>
    public long ReadAhead => Interlocked.Read(ref _readAhead);

    public long Requests(ReadPriority priority) => Interlocked.Read(ref _requests[(int)priority]);

    public long Bytes(ReadPriority priority) => Interlocked.Read(ref _bytes[(int)priority]);

    public void OnHits(int windows) => Interlocked.Add(ref _hits, windows);

    public void OnMisses(int windows) => Interlocked.Add(ref _misses, windows);

    public void OnDirectory(bool isHit) => Interlocked.Increment(ref isHit ? ref _directoryHits : ref _directoryMisses);

    public void OnHedge() => Interlocked.Increment(ref _hedges);

    public void OnHedgeWon() => Interlocked.Increment(ref _hedgesWon);

    public void OnReadAhead(int windows) => Interlocked.Add(ref _readAhead, windows);

    public void OnEvicted(int windows, bool isUnused)
    {
        Interlocked.Add(ref _evicted, windows);
        if (isUnused) Interlocked.Add(ref _evictedUnused, windows);
    }

    public void OnRequest(ReadPriority priority) => Interlocked.Increment(ref _requests[(int)priority]);

    public void OnAnswer(ReadPriority priority, int bytes) => Interlocked.Add(ref _bytes[(int)priority], bytes);
}
