using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Appends frames of small partitions again, so that the slots that they stand in can be trimmed (rule S4). The lane index replaces a slot when the new
/// block is published, and not before. Used by one task.
/// </summary>
internal sealed class CarryForward(ILane lane, TimeProvider time, int atOnceBytes) : IFrameOwner
{
    // Where the lane has no room for so long, it may be the cap on WAL bytes that it waits for, and so for us.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private TaskCompletionSource? _settled;
    private long _underWay;

    /// <summary>Appends the frame under the plan's epoch, its bytes unchanged. False if the lane does not take it: then the partition is cut.</summary>
    public async ValueTask<bool> TryAddAsync(SplitPlan plan, LeasedFrame frame, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _underWay) + frame.Entry.Length > atOnceBytes) await SettledAsync(cancellationToken);
        var status = TryEnqueue(plan, frame);
        if (status == EnqueueStatus.Full)
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                await lane.RoomAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }

            status = TryEnqueue(plan, frame);
        }

        return status == EnqueueStatus.Accepted;
    }

    /// <summary>Completes when everything that was appended is published or lost.</summary>
    public Task SettledAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_underWay == 0) return Task.CompletedTask;
            _settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _settled.Task.UnlessCancelledAsync(cancellationToken);
        }
    }

    public void OnPublished(Block block, int index, object? state) => Settle((int)state!);

    // The lane ended: the old copy stands where it stood, and the index goes with the lane.
    public void OnLost(LaneEnd end, bool mayBeStored, object? state) => Settle((int)state!);

    private EnqueueStatus TryEnqueue(SplitPlan plan, in LeasedFrame frame)
    {
        var bytes = frame.Bytes.Span;
        lock (_lock) _underWay += bytes.Length;
        var request = new FrameRequest
        {
            Partition = plan.CarriedIn!, // Never looked up here: a deleted partition would be made anew, with every epoch open.
            Epoch = plan.Epoch,
            BaseOffset = frame.Entry.BaseOffset,
            LastOffset = frame.Entry.LastOffset,
            MaxTimestampMs = frame.Entry.MaxTimestampMs,
            Length = bytes.Length,
            Kind = frame.Entry.Kind,
            IsCarried = true,
            LatencyClass = LatencyClass.Balanced, // The splitter waits for every MiB of them, and producers for the splitter when the lane is full.
            Owner = this,
            State = bytes.Length,
        };
        var status = lane.TryEnqueue(request, out var place);
        if (status != EnqueueStatus.Accepted)
        {
            Settle(bytes.Length);
            return status;
        }

        // The reader has just compared the bytes with this checksum.
        bytes.CopyTo(place.Destination);
        place.Filled(frame.Entry.Checksum);
        return status;
    }

    private void Settle(int bytes)
    {
        TaskCompletionSource? settled = null;
        lock (_lock)
        {
            _underWay -= bytes;
            if (_underWay == 0) (settled, _settled) = (_settled, null);
        }

        settled?.TrySetResult();
    }
}
