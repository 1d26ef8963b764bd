using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Sends reads to the container, each when its kind has room for it, each into a slab of its own. One that is slow is sent a second time if there is room for
/// that at once; the first answer counts, and the other request is ended.
/// </summary>
/// <param name="setup">The container, the slabs, the clock, whether to hedge.</param>
/// <param name="permits">Who may read now.</param>
/// <param name="counts">Told of each request.</param>
/// <param name="makeRoom">Called when memory is about to be taken that <see cref="ReadPermits.Bytes"/> counts already.</param>
internal sealed class BlobReads(BlobReadingSetup setup, ReadPermits permits, ReadCounts counts, Action makeRoom) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly ReadTimes _times = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _isDisposed;

    /// <summary>The ticket of a read of so many bytes.</summary>
    public static ReadTicket TicketOf(ReadPriority priority, int length) => new(priority, SlabPool.SlabBytesFor(length));

    /// <summary>Waits for its turn, and reads.</summary>
    /// <returns>What is there; its slab is the caller's.</returns>
    public async Task<BlobRead> ReadAsync(BlobRange range, ReadTicket ticket, CancellationToken cancellationToken)
    {
        await permits.EnterAsync(ticket, cancellationToken);
        return await ReadEnteredAsync(range, ticket, cancellationToken);
    }

    /// <summary>Reads by a ticket that has entered, and leaves with it.</summary>
    public async Task<BlobRead> ReadEnteredAsync(BlobRange range, ReadTicket ticket, CancellationToken cancellationToken)
    {
        var begun = setup.Time.GetTimestamp();
        var slow = setup.Options.Hedging ? _times.Begin(range.Length) : null;
        var read = slow is { } tooLong
            ? await HedgedAsync(range, ticket, tooLong, cancellationToken)
            : await SendAsync(range, ticket, cancellationToken);
        _times.Add(range.Length, setup.Time.GetElapsedTime(begun));
        return read;
    }

    /// <summary>The length of a blob, or -1 if there is none.</summary>
    public async ValueTask<long> LengthAsync(string name, ReadPriority priority, CancellationToken cancellationToken)
    {
        var ticket = new ReadTicket(priority, 0);
        await permits.EnterAsync(ticket, cancellationToken);
        Begin(ticket);
        try
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            return (await setup.Container.FindAsync(name, ends.Token))?.Length ?? -1;
        }
        catch (OperationCanceledException) when (IsStopped(cancellationToken))
        {
            throw new ObjectDisposedException(nameof(BlobReads));
        }
        finally
        {
            End(ticket);
        }
    }

    /// <summary>Ends the requests that are under way, and waits for them: afterwards nothing writes to memory.</summary>
    public async ValueTask DisposeAsync()
    {
        bool isFirst;
        lock (_gate)
        {
            isFirst = !_isDisposed;
            _isDisposed = true;
            if (_running == 0) _idle.TrySetResult();
        }

        if (isFirst) _stopping.Cancel();
        await _idle.Task;
        if (isFirst) _stopping.Dispose();
    }

    private async Task<BlobRead> HedgedAsync(BlobRange range, ReadTicket ticket, TimeSpan tooLong, CancellationToken cancellationToken)
    {
        var first = new Attempt(this, range, ticket, cancellationToken);
        if (first.Task.IsCompleted || !await IsSlowAsync(first.Task, tooLong, cancellationToken) || !TryHedge(ticket, out var again))
        {
            using (first) return await first.Task;
        }

        counts.OnHedge();
        var second = new Attempt(this, range, again, cancellationToken);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = TellAsync(first.Task, answered);
        _ = TellAsync(second.Task, answered);
        await answered.Task;
        var winner = first.Task.IsCompleted ? first : second;

        // The one that fails first has not lost: the other may have the bytes.
        if (!winner.Task.IsCompletedSuccessfully) winner = winner == first ? second : first;
        (winner == first ? second : first).Drop();
        using (winner)
        {
            var read = await winner.Task;
            if (winner == second) counts.OnHedgeWon();
            return read;
        }
    }

    private async Task<bool> IsSlowAsync(Task first, TimeSpan tooLong, CancellationToken cancellationToken)
    {
        var decided = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var clock = setup.Time.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), decided, tooLong, Timeout.InfiniteTimeSpan);
        _ = TellAsync(first, decided);
        await decided.Task;
        return !first.IsCompleted && !cancellationToken.IsCancellationRequested;
    }

    // Task.WhenAny and a delay would go on on the thread pool, where a simulation could not follow.
    private static async Task TellAsync(Task read, TaskCompletionSource ended)
    {
        try
        {
            await read;
        }
        catch (Exception)
        {
            // Whoever sent it hears of it.
        }

        ended.TrySetResult();
    }

    private bool TryHedge(ReadTicket ticket, out ReadTicket again)
    {
        again = new ReadTicket(ticket.Priority, ticket.Bytes);
        if (!permits.TryEnter(again)) return false;
        if (_times.TryHedge()) return true;
        permits.Leave(again);
        return false;
    }

    // Whoever did not cancel must not be told that he did.
    private bool IsStopped(CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested && _stopping.IsCancellationRequested;

    private void Begin(ReadTicket ticket)
    {
        bool isOver;
        lock (_gate)
        {
            isOver = _isDisposed;
            if (!isOver) _running++;
        }

        if (isOver)
        {
            permits.Leave(ticket);
            throw new ObjectDisposedException(nameof(BlobReads));
        }

        counts.OnRequest(ticket.Priority);
    }

    private void End(ReadTicket ticket)
    {
        permits.Leave(ticket);
        Settle();
    }

    private void Settle()
    {
        lock (_gate)
        {
            if (--_running == 0 && _isDisposed) _idle.TrySetResult();
        }
    }

    private async Task<BlobRead> SendAsync(BlobRange range, ReadTicket ticket, CancellationToken cancellationToken)
    {
        Begin(ticket);
        Slab? slab = null;
        try
        {
            makeRoom();
            slab = setup.Slabs.Rent(range.Length);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            var length = await setup.Container.ReadAsync(range.Name, range.Position, slab.Memory[..range.Length], ends.Token);
            if (length < 0) throw new MissingObjectException(range.Name);

            counts.OnAnswer(ticket.Priority, length);
            var read = new BlobRead(slab, length);
            slab = null;
            return read;
        }
        catch (OperationCanceledException) when (IsStopped(cancellationToken))
        {
            throw new ObjectDisposedException(nameof(BlobReads));
        }
        finally
        {
            slab?.Return();
            End(ticket);
        }
    }

    /// <summary>One request, which can be ended by itself. Disposed when it is over.</summary>
    private sealed class Attempt : IDisposable
    {
        private readonly BlobReads _reads;
        private readonly CancellationTokenSource _ends;

        public Attempt(BlobReads reads, BlobRange range, ReadTicket ticket, CancellationToken cancellationToken)
        {
            _reads = reads;
            _ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task = reads.SendAsync(range, ticket, _ends.Token);
        }

        public Task<BlobRead> Task { get; }

        /// <summary>Nobody wants its answer any more. It counts as under way until its memory is back.</summary>
        public void Drop()
        {
            lock (_reads._gate) _reads._running++;
            _ends.Cancel();
            _ = ReturnAsync();
        }

        public void Dispose() => _ends.Dispose();

        private async Task ReturnAsync()
        {
            try
            {
                (await Task).Slab.Return();
            }
            catch (Exception failed) when (failed is LogException or OperationCanceledException or ObjectDisposedException)
            {
                // The other one has answered.
            }
            finally
            {
                Dispose();
                _reads.Settle();
            }
        }
    }
}

/// <summary>A range of a blob, which may reach over its end.</summary>
internal readonly record struct BlobRange(string Name, long Position, int Length);

/// <summary>What was read.</summary>
/// <param name="Slab">Has it; to be given back by whoever got it.</param>
/// <param name="Length">Bytes; fewer than wanted only at the end of the blob.</param>
internal readonly record struct BlobRead(Slab Slab, int Length);
