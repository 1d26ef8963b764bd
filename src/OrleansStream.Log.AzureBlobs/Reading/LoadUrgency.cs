namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>How urgent a load is that several may wait for: as urgent as for the one who needs it most. Its requests stand in that line.</summary>
internal sealed class LoadUrgency(ReadPermits permits, LoadWish first)
{
    private readonly Lock _gate = new();
    private LoadWish _wish = first;
    private ReadTicket? _ticket;

    /// <summary>Who will use what is loaded: decides for whom it is kept.</summary>
    public ReadPriority For
    {
        get
        {
            lock (_gate) return _wish.For;
        }
    }

    /// <summary>The ticket of the load's next request, one at a time.</summary>
    public ReadTicket NextTicket(int length)
    {
        lock (_gate) return _ticket = BlobReads.TicketOf(_wish.Line, length);
    }

    /// <summary>One more wants it.</summary>
    public void Add(LoadWish wish)
    {
        lock (_gate)
        {
            _wish = new LoadWish(Higher(_wish.Line, wish.Line), Higher(_wish.For, wish.For));
            if (_ticket is not null) permits.Promote(_ticket, _wish.Line);
        }
    }

    private static ReadPriority Higher(ReadPriority left, ReadPriority right) => left < right ? left : right;
}

/// <summary>One who wants a value loaded.</summary>
/// <param name="Line">Where the load's requests stand in line.</param>
/// <param name="For">Who will use it: whoever reads ahead stands in another line than the reader it is for.</param>
internal readonly record struct LoadWish(ReadPriority Line, ReadPriority For);
