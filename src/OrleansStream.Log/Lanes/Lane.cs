using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// One session of a lane over any store. It has no thread and no timer: whoever owns it calls <see cref="WriteSealed"/> from one thread, and again
/// when woken or after <see cref="Pause"/>; blocks are published by one task at a time on the dispatcher's scheduler.
/// </summary>
public class Lane : ILane
{
    private readonly LaneSetup _setup;
    private readonly Lock _gate;
    private readonly LanePace _pace;
    private readonly LaneIntake _intake;
    private readonly LanePublisher _publisher;
    private readonly LaneWriter _writer;
    private readonly LaneTrimmer _trimmer;
    private readonly ConcurrentDictionary<PartitionId, LanePartition> _partitions = new();
    private bool _isClosing;
    private LaneEnd? _requestedEnd;

    public Lane(LaneSetup setup)
    {
        _setup = setup;
        _gate = setup.ClosedEpochs.Gate;
        Index = new LaneIndex(setup.Session, _partitions);
        _pace = new LanePace(setup);
        _intake = new LaneIntake(this, setup, _pace);
        _publisher = new LanePublisher(this, setup, Index);
        _writer = new LaneWriter(this, setup, _intake, _publisher);
        _trimmer = new LaneTrimmer(this, setup, _publisher);
    }

    public SessionId Session => _setup.Session;

    /// <summary>Set in lane order: what was durable before the end is published before it shows here, and nothing after. Appends may be refused a little earlier.</summary>
    public LaneEnd? End => _publisher.End;

    public Task<LaneEnd> Ended => _publisher.Ended;

    public LaneIndex Index { get; }

    /// <summary>The first slot that is not yet published. When the lane has ended, the end of its session (rule F8).</summary>
    public Slot PublishedEnd => _publisher.PublishedEnd;

    /// <summary>The first slot that is still needed, as recorded.</summary>
    public Slot TrimPoint => _trimmer.TrimPoint;

    /// <summary>Memory of blocks that are not yet published, in whole slabs.</summary>
    public long OpenBytes
    {
        get
        {
            lock (_gate) return _intake.OpenBytes;
        }
    }

    /// <summary>Whether half of what the lane may hold waits for its store: producers have use for all that it gives, and what can wait should not ask it for anything.</summary>
    public bool IsPressed => OpenBytes > _setup.MaxOpenBytes / 2;

    /// <summary>Blocks that are open, sealed, or written and not published yet.</summary>
    public long BlocksInFlight
    {
        get
        {
            lock (_gate) return Math.Max(0, _intake.NextSlot.Value - PublishedEnd.Value);
        }
    }

    /// <summary>True when the writer has nothing to do any more, ever.</summary>
    public bool IsWriterDone => _writer.IsDone;

    /// <summary>How long the writer may wait, unless it is woken, after <see cref="WriteSealed"/> has found nothing to write. Asked by the writer only.</summary>
    public TimeSpan Pause => _writer.Pause;

    /// <summary>How long a frame of this class waits for company at the most, with what the budget and the service make of it just now.</summary>
    public TimeSpan LingerOf(LatencyClass latencyClass) => _pace.LingerOf(latencyClass);

    public LanePartition PartitionOf(PartitionId partition) =>
        _partitions.TryGetValue(partition, out var state) ? state : _partitions.GetOrAdd(partition, static (id, lane) => new LanePartition(lane, id, lane._setup.ClosedEpochs), this);

    public EnqueueStatus TryEnqueue(in FrameRequest request, out FramePlace place)
    {
        ThrowIfIllegal(request);
        bool wakes;
        EnqueueStatus status;
        lock (_gate)
        {
            if (_isClosing) return Refuse(EnqueueStatus.Ended, out place);

            // Rule B2: another lane's partition is another session's; a closed epoch is another owner's.
            if (!ReferenceEquals(request.Partition.Lane, this) || request.Partition.IsClosed(request.Epoch)) return Refuse(EnqueueStatus.EpochClosed, out place);

            status = _intake.TryMakeRoom(request.Length, request.Kind == FrameKind.Journal && !request.IsCarried, out var block);
            var deadline = _pace.DeadlineOf(request.LatencyClass); // After it: the block may be a new one.
            wakes = _writer.TryClaimWake(deadline);
            if (status == EnqueueStatus.Accepted)
            {
                // The writer is woken by Filled: before that it could do nothing.
                place = block.Place(request, deadline, wakes);
                request.Partition.LastSlot = block.Slot.Value;
                return EnqueueStatus.Accepted;
            }
        }

        if (wakes) Wake();
        return Refuse(status, out place);
    }

    public async ValueTask RoomAsync(CancellationToken cancellationToken)
    {
        Task? room;
        lock (_gate) room = _isClosing ? null : _intake.WaitForRoom();
        if (room is not null) await room.UnlessCancelledAsync(cancellationToken);
    }

    /// <summary>By the store, from any thread: space was made for which an append was told to wait.</summary>
    public void OnSpace()
    {
        TaskCompletionSource? room;
        lock (_gate) room = _intake.TakeRoomWaiters();
        room?.TrySetResult();
    }

    public void CloseEpoch(PartitionId partition, LeaderEpoch epoch) => _setup.ClosedEpochs.Close(partition, epoch);

    public Task DrainAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return Task.CompletedTask;

        long last;
        lock (_gate) last = state.LastSlot;
        var settled = _publisher.WhenSettled(new Slot(last), cancellationToken);
        if (settled.IsCompleted) return settled;

        // Nobody shall wait for a linger time; and where nobody waits, what others have in the open block is not written early.
        lock (_gate) _writer.Hurry();
        Wake();
        return settled;
    }

    public void Forget(PartitionId partition)
    {
        _partitions.TryRemove(partition, out _);
        Index.OnForgotten();
        _setup.ClosedEpochs.Forget(partition);
    }

    public ValueTask TrimAsync(CancellationToken cancellationToken) => _trimmer.TrimAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            _isClosing = true;
            room = _intake.TakeRoomWaiters();
            _writer.Stop();
        }

        room?.TrySetResult();
        Wake();
        return Ended.WaitAsync(cancellationToken);
    }

    /// <summary>Ends the lane for a reason from outside: a session record that another broker changed, a stop that must not wait. Nothing that is not durable by now is published.</summary>
    public void Abort(LaneEnd end)
    {
        lock (_gate)
        {
            _requestedEnd ??= end;
            _isClosing = true;
        }

        Wake();
    }

    /// <summary>
    /// Seals what is due, writes what is sealed and filled, and hands it to the dispatcher. From one thread only; blocks as long as the store does.
    /// </summary>
    /// <returns>False if there was nothing to write: wait for a wake-up, or for <see cref="Pause"/>.</returns>
    public bool WriteSealed() => _writer.WriteSealed();

    /// <summary>The slot up to which nothing is needed (rule T1). Overridden only by simulations that prove each part of it necessary.</summary>
    /// <param name="publishedEnd">The lowest slot that was not yet published, read before the index.</param>
    protected internal virtual Slot TrimTarget(Slot publishedEnd) => Index.LowestSlot(publishedEnd);

    /// <summary>Whether what was in flight when the lane ended is published all the same. Never (rule B3); overridden only by the simulation that proves it.</summary>
    protected internal virtual bool PublishesAfterEnd => false;

    internal Lock Gate => _gate;

    internal LaneEnd? RequestedEnd => Volatile.Read(ref _requestedEnd);

    internal void Wake() => _setup.WakeWriter();

    internal void OnBlockFilled()
    {
        bool wakes;
        lock (_gate) wakes = _writer.TryClaimWakeForFilled();
        if (wakes) Wake();
    }

    /// <summary>Under no lock: the block's frames are settled and filled.</summary>
    internal void Recycle(LaneBlock block)
    {
        var bytes = block.ChargedBytes;
        block.Clear();
        TaskCompletionSource? room;
        lock (_gate) room = _intake.Recycle(block, bytes);
        room?.TrySetResult();
    }

    /// <summary>By the writer: refuses every later frame and takes what was accepted.</summary>
    internal void CloseIntake(List<LaneBlock> accepted)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            _isClosing = true;
            _intake.TakeAll(accepted);
            room = _intake.TakeRoomWaiters();
        }

        room?.TrySetResult();
    }

    private static void ThrowIfIllegal(in FrameRequest request)
    {
        if ((uint)(request.Length - 1) >= BlockLayout.MaxFrameBytes) ThrowLength(request.Length);
    }

    [DoesNotReturn]
    private static void ThrowLength(int length) =>
        throw new ArgumentOutOfRangeException(nameof(length), length, $"A frame has 1 to {BlockLayout.MaxFrameBytes} bytes.");

    private static EnqueueStatus Refuse(EnqueueStatus status, out FramePlace place)
    {
        place = default;
        return status;
    }
}
