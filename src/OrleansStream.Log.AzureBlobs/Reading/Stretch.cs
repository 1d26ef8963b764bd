using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Neighbouring windows of one object, read with one request into one slab: on their way, in the cache, or evicted. What stands in it is guarded by the lock of
/// the cache.
/// </summary>
internal sealed class Stretch
{
    /// <param name="name">The object.</param>
    /// <param name="first">Its first window.</param>
    /// <param name="count">How many.</param>
    /// <param name="ticket">Of the request that reads it.</param>
    public Stretch(string name, int first, int count, ReadTicket ticket)
    {
        Name = name;
        First = first;
        Count = count;
        Ticket = ticket;
    }

    public string Name { get; }

    public int First { get; }

    public int Count { get; }

    public int End => First + Count;

    public ReadTicket Ticket { get; }

    /// <summary>Bytes of the object that it has; fewer than its windows have room for at the end of the object.</summary>
    public int Length { get; private set; }

    /// <summary>The cache's right to its bytes, and that of those who wait for them.</summary>
    public BlockLease Lease { get; private set; }

    public bool IsLoaded { get; private set; }

    /// <summary>Who waits for it. With the last one that leaves, the request ends.</summary>
    public int Waiting { get; set; }

    /// <summary>The reader it was read ahead for, until somebody uses it.</summary>
    public ReadStream? AheadOf { get; set; }

    /// <summary>
    /// Whether it was read ahead: then it leaves the cache in the order in which it came, however often it is used. A reader uses a stretch some times and goes
    /// on; would each use keep it longer, what he has read would push out what he has still to read.
    /// </summary>
    public bool IsReadOn { get; set; }

    /// <summary>Memory that it was counted with as long as it is read ahead and not used.</summary>
    public int AheadBytes { get; set; }

    /// <summary>Whether only the broker's own work has used it.</summary>
    public bool IsBackground { get; set; }

    /// <summary>Its place among those that are kept; null if it is not kept.</summary>
    public LinkedListNode<Stretch>? Place { get; set; }

    public CancellationToken Abandoned => Ends.Token;

    // Without a timer and a handle there is nothing to dispose, and the last who leaves may come after the end of the request.
    private CancellationTokenSource Ends { get; } = new();

    /// <summary>Set when it is loaded or has failed, outside the lock: it runs what others wait with.</summary>
    public SharedResult<bool> Loaded { get; } = new();

    /// <summary>Its bytes have come.</summary>
    public void Keep(BlockLease lease, int length)
    {
        Lease = lease;
        Length = length;
        IsLoaded = true;
    }

    /// <summary>Ends the request. Called outside the lock, as it runs what others have registered.</summary>
    public void Abandon() => Ends.Cancel();
}
