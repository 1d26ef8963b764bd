using System.Buffers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>
/// Writes the blocks of one session to numbered slots, each created if absent, several on their way at once (rule W1). A slot holds this session's block or,
/// once somebody has ended the session, a fence: then the store has failed, and with it the lane.
/// </summary>
public sealed class BlobLaneStore : IPipelinedLaneStore, IAsyncDisposable
{
    // Deletions are free, but each is a request.
    private const int DeletionsAtOnce = 8;

    private readonly Lock _gate = new();
    private readonly BlobLaneSetup _setup;
    private readonly DigestWriter _digests;
    private readonly CancellationTokenSource _ended = new();
    private readonly PutQueue _puts;
    private long _throttled;
    private readonly bool[] _landed;
    private readonly bool[] _sent;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private long _durableEnd;
    private Slot _begunEnd;
    private Slot _fence = new(long.MaxValue);
    private bool _isGivenUp;
    private int _running;
    private bool _isDisposed;
    private Slot _forgotten;
    private Slot _deleted;
    private bool _isDeleting;

    /// <exception cref="ArgumentOutOfRangeException">The depth is not 1 to 8.</exception>
    public BlobLaneStore(BlobLaneSetup setup)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(setup.Depth, 1, nameof(setup));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(setup.Depth, BlobLaneSetup.MaxDepth, nameof(setup));
        _setup = setup;
        _digests = new DigestWriter(setup);
        _landed = new bool[setup.Depth];
        _sent = new bool[setup.Depth];
        _puts = new PutQueue(setup.Undecided, _ended.Token);
    }

    public int Depth => _setup.Depth;

    public long Throttled => Volatile.Read(ref _throttled);

    public Slot DurableEnd => new(Volatile.Read(ref _durableEnd));

    /// <summary>There is always space; what is on its way is bounded by the lane's open bytes.</summary>
    public EnqueueStatus Reserve(int bytes) => EnqueueStatus.Accepted;

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        ThrowIfFailed();
        foreach (var block in blocks)
        {
            _digests.Add(block);
            ObjectDisposedException.ThrowIf(!TryBegin(block.Slot), this);
            _ = RunAsync(block.Lease(), block.Slot);
        }
    }

    /// <summary>
    /// A recovery finds slots up to the first that holds no block of the session, and fences there (rule X3). So a slot that was never sent, or at which a
    /// fence was met, takes all above it out of the log, whatever became of their puts.
    /// </summary>
    public Slot GiveUp()
    {
        lock (_gate)
        {
            _isGivenUp = true;
            var slot = DurableEnd;
            while (slot < _begunEnd && slot < _fence && _sent[slot.Value % Depth]) slot = slot.Next;
            return slot;
        }
    }

    public TimeSpan Tend(bool isLast)
    {
        ThrowIfFailed();
        return Timeout.InfiniteTimeSpan;
    }

    // Slots are deleted in their order, so that what is left is always one piece. What fails is left to the next call, or to the close of the session (rule R4).
    public void Forget(Slot below)
    {
        lock (_gate)
        {
            if (below > _forgotten) _forgotten = below;
            if (_isDeleting || _isDisposed || _deleted >= _forgotten) return;
            _isDeleting = true;
            _running++;
        }

        _ = DeleteAsync();
    }

    /// <summary>Ends what is on its way and waits for it: afterwards nothing reads a block's memory. Puts that were cancelled may still come to stand.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            if (_running == 0) _idle.TrySetResult();
        }

        _ended.Cancel(); // Not CancelAsync, which would go on by way of the thread pool.
        await _idle.Task;
        _ended.Dispose();
    }

    private bool TryBegin()
    {
        lock (_gate)
        {
            if (_isDisposed) return false;
            _running++;
            return true;
        }
    }

    private bool TryBegin(Slot slot)
    {
        lock (_gate)
        {
            if (!TryBegin()) return false;
            _sent[slot.Value % Depth] = false;
            _begunEnd = slot.Next;
            return true;
        }
    }

    // Before each request, since what was handed to the client may be stored whatever it says. What the lane has given up is not sent: it was told so.
    private void Sends(Slot slot)
    {
        lock (_gate)
        {
            if (_isGivenUp) throw new OperationCanceledException("The lane has ended.");
            _sent[slot.Value % Depth] = true;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_running == 0 && _isDisposed) _idle.TrySetResult();
        }
    }

    private async Task RunAsync(BlockLease block, Slot slot)
    {
        try
        {
            var since = _setup.Undecided.Begin();
            using (block) await PutAsync(block, slot);
            if (_setup.Watch is { } watch && (watch.IsStalled || _setup.Undecided.Since(since) > SessionWatch.LongestStall)) await ConfirmAsync(watch, slot);
            Land(slot);
        }
        catch (Exception failure)
        {
            Fail(slot, failure);
        }
        finally
        {
            End();
        }
    }

    // Rule W1: the same bytes until the slot is known to hold them, or something else.
    private async Task PutAsync(BlockLease block, Slot slot)
    {
        var name = BlobNames.BlockOf(_setup.Session, slot);
        var since = _setup.Undecided.Begin();
        using var limit = _setup.Undecided.LimitOf(_ended.Token);
        for (var attempt = 0; ; attempt++)
        {
            var put = await TryAsync(name, block, slot, limit.Token);
            if (put.Outcome == BlobOutcome.Written) return;

            var seen = put.Detail!;
            try
            {
                if (await IsOursAsync(name, block, limit.Token)) return;
            }
            catch (StorageException failed)
            {
                seen = failed.Message;
            }

            await _setup.Undecided.PauseAsync(name, attempt, since, seen, limit.Token);
        }
    }

    // Rule W2. The block stands, and counts for whoever recovers the session; but if somebody does, this broker is not to say so any more.
    private async Task ConfirmAsync(SessionWatch watch, Slot slot)
    {
        var since = _setup.Undecided.Begin();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await watch.ConfirmAsync(_ended.Token);
                return;
            }
            catch (StorageException failed)
            {
                await _setup.Undecided.PauseAsync(BlobNames.BlockOf(_setup.Session, slot), attempt, since, failed.Message, _ended.Token);
            }
        }
    }

    // Until the account is not too busy. What was refused so is not looked up first, which would be one request more for it: sent again, it meets what stands.
    private async ValueTask<BlobPut> TryAsync(string name, BlockLease block, Slot slot, CancellationToken cancellationToken)
    {
        for (var isTrial = await _puts.EnterAsync(slot, cancellationToken); ; isTrial = await _puts.RefusedAsync(slot, isTrial, cancellationToken))
        {
            var isBusy = false;
            try
            {
                Sends(slot);
                var put = await _setup.Container.PutAsync(name, new ReadOnlySequence<byte>(block.Memory), expected: null, Guid.Empty, cancellationToken);
                isBusy = put.IsBusy;
                if (!isBusy) return put;
                Interlocked.Increment(ref _throttled);
            }
            finally
            {
                if (isTrial && !isBusy) _puts.Passed();
            }
        }
    }

    // False: nothing stands there. The header names session, slot and nonce, and its checksum stands for every byte of the block.
    private async ValueTask<bool> IsOursAsync(string name, BlockLease block, CancellationToken cancellationToken)
    {
        var header = new byte[BlockLayout.HeaderBytes];
        var length = await _setup.Container.ReadAsync(name, 0, header, cancellationToken);
        if (length < 0) return false;
        if (header.AsSpan(0, length).SequenceEqual(block.Memory.Span[..BlockLayout.HeaderBytes])) return true;
        throw new SlotTakenException(name, FenceBlob.IsFence(header.AsSpan(0, length)));
    }

    private void Land(Slot slot)
    {
        lock (_gate)
        {
            // After a failure nothing is durable that was not before: the lane ends there (rule B3).
            if (_failure is not null) return;
            _landed[slot.Value % Depth] = true;
            var end = _durableEnd;
            while (_landed[end % Depth])
            {
                _landed[end % Depth] = false;
                end++;
            }

            if (end == _durableEnd) return;
            Volatile.Write(ref _durableEnd, end);
        }

        _setup.Wake();
        if (_digests.TryBegin(DurableEnd)) _ = WriteDigestsAsync();
    }

    private async Task WriteDigestsAsync()
    {
        if (!TryBegin()) return;
        try
        {
            await _digests.WriteAsync(() => DurableEnd, _ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The lane has ended; its last blocks will be read.
        }
        finally
        {
            End();
        }
    }

    private void Fail(Slot slot, Exception failure)
    {
        lock (_gate)
        {
            if (failure is SlotTakenException { IsFence: true } && slot < _fence) _fence = slot;

            // What was cancelled by the end is not its cause.
            if (_failure is not null || _isGivenUp || _ended.IsCancellationRequested) return;
            _failure = failure is OperationCanceledException
                ? new OutcomeUnknownException(BlobNames.BlockOf(_setup.Session, slot), "Write", $"it had no outcome within {_setup.Undecided.GiveUpAfter}{(_puts.IsBusy ? ", since the account is asked too much" : "")}", failure)
                : failure;
        }

        _setup.Wake();
    }

    private void ThrowIfFailed()
    {
        lock (_gate)
        {
            if (_failure is not null) throw new LogException(_failure.Message, _failure);
        }
    }

    private async Task DeleteAsync()
    {
        try
        {
            while (NextDeletions() is { Count: > 0 } slots)
            {
                if (_setup.Budget is { } budget) await budget.TakeAsync(slots.Count, bytes: 0, _ended.Token);
                await Task.WhenAll(slots.Select(slot => _setup.Container.DeleteAsync(BlobNames.BlockOf(_setup.Session, slot), _ended.Token).AsTask()));
                lock (_gate) _deleted = slots[^1].Next;
                while (_digests.TryForget(slots[^1].Next, out var digest)) await _setup.Container.DeleteAsync(digest, _ended.Token);
            }
        }
        catch (Exception failed) when (failed is StorageException or OperationCanceledException)
        {
            lock (_gate) _isDeleting = false;
        }
        finally
        {
            End();
        }
    }

    // Empty, and the end of this round, when there is nothing more.
    private List<Slot> NextDeletions()
    {
        lock (_gate)
        {
            var slots = new List<Slot>(DeletionsAtOnce);
            for (var slot = _deleted; slot < _forgotten && slots.Count < DeletionsAtOnce; slot = slot.Next) slots.Add(slot);
            _isDeleting = slots.Count > 0;
            return slots;
        }
    }
}
