using System.Collections.Concurrent;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>
/// Writes down what each few hundred blocks of a lane hold, so that whoever recovers the session reads that, and blocks only at its end: what bounds the time
/// until partitions of a dead broker are served again. Nothing waits for it, and one that could not be written is left out.
/// </summary>
internal sealed class DigestWriter(BlobLaneSetup setup)
{
    // Of large blocks it is their bytes that take the time.
    private const long MaxBlockBytes = 64 * Limits.MiB;

    private readonly SessionDigests _digests = new(setup.Container, setup.ClusterGeneration);
    private readonly ConcurrentQueue<Pending> _pending = new();
    private readonly ConcurrentQueue<(Slot First, Slot End)> _written = new();
    private Pending? _open;
    private int _isRunning;

    /// <summary>Adds the next block, by the lane's writer.</summary>
    public void Add(LaneBlock block)
    {
        BlockCodec.TryReadHeader(block.Stored.Span, out var header, out _);
        var open = _open ??= new Pending(setup.Session, block.Slot, header.PreviousChecksum);
        open.Add(block, header.Checksum);
        if (open.End.Value - open.First.Value < setup.DigestSlots && open.Bytes < MaxBlockBytes) return;

        _pending.Enqueue(open);
        _open = null;
    }

    /// <summary>Whether there is something to write, of blocks below the durable end. Who hears true calls <see cref="WriteAsync"/>; all others hear false until that is over.</summary>
    public bool TryBegin(Slot durableEnd) => IsDue(durableEnd) && Interlocked.Exchange(ref _isRunning, 1) == 0;

    /// <summary>Writes the digests of all blocks that are durable by now.</summary>
    public async Task WriteAsync(Func<Slot> durableEnd, CancellationToken cancellationToken)
    {
        do
        {
            while (IsDue(durableEnd()) && _pending.TryDequeue(out var next)) await WriteAsync(next, cancellationToken);
            Volatile.Write(ref _isRunning, 0);
        }
        while (TryBegin(durableEnd()));
    }

    /// <summary>The next digest that speaks of nothing but blocks which are not needed any more.</summary>
    public bool TryForget(Slot below, out string name)
    {
        name = string.Empty;
        if (!_written.TryPeek(out var oldest) || oldest.End > below || !_written.TryDequeue(out oldest)) return false;
        name = BlobNames.DigestOf(setup.Session, oldest.First, oldest.End);
        return true;
    }

    private bool IsDue(Slot durableEnd) => _pending.TryPeek(out var next) && next.End <= durableEnd;

    private async Task WriteAsync(Pending pending, CancellationToken cancellationToken)
    {
        try
        {
            var digest = pending.ToDigest();
            var name = BlobNames.DigestOf(setup.Session, digest.First, digest.End);
            var nonce = setup.Undecided.NewNonce();
            var bytes = _digests.Blobs.Envelope.Close(name, nonce, output => SlotDigestCodec.Write(digest, output));
            var since = setup.Undecided.Begin();
            for (var attempt = 0; ; attempt++)
            {
                var put = await _digests.Blobs.PutAsync(name, bytes, nonce, expected: null, cancellationToken);
                if (put.Outcome != BlobOutcome.Unknown) break;
                await setup.Undecided.PauseAsync(name, attempt, since, put.Detail!, cancellationToken);
            }

            _written.Enqueue((digest.First, digest.End));
        }
        catch (LogException)
        {
            // Too large, or storage does not take it: these blocks will be read.
        }
    }

    private sealed class Pending(SessionId session, Slot first, uint firstPrevious)
    {
        private readonly GatheredFrames _frames = new(session);
        private uint _lastChecksum;

        public Slot First { get; } = first;

        public Slot End { get; private set; } = first;

        public long Bytes { get; private set; }

        public void Add(LaneBlock block, uint checksum)
        {
            _frames.Add(block.Slot, block.Frames, block.Stored.Span, isVerified: true);
            _lastChecksum = checksum;
            End = block.Slot.Next;
            Bytes += block.Stored.Length;
        }

        public SlotDigest ToDigest() => new(session, First, End, firstPrevious, _lastChecksum, _frames.ToPartitions());
    }
}
