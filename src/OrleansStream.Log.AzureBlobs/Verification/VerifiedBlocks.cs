using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Verification;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>Gathers blocks of a session in slot order, after each frame of them was verified: of all, and of those that a digest is to speak of. Used by one task.</summary>
internal sealed class VerifiedBlocks(SessionId session, PartitionId kept)
{
    private readonly GatheredFrames _all = new(session);
    private readonly List<(FrameEntry Entry, byte[] Bytes)> _kept = [];
    private (Slot First, Slot End, uint Previous, GatheredFrames Frames)? _digest;
    private uint? _last;

    public IReadOnlyDictionary<PartitionId, SessionFrames> Frames => _all.ToPartitions();

    public IReadOnlyList<(FrameEntry Entry, byte[] Bytes)> Kept => _kept;

    /// <summary>A digest speaks of the slots that come next.</summary>
    public void Begin(Slot first, Slot end) => _digest = (first, end, 0, new GatheredFrames(session));

    /// <summary>Takes a block. What is wrong with it is the answer; null if nothing is.</summary>
    public Finding? Add(Slot slot, ScannedBlock block)
    {
        var name = BlobNames.BlockOf(session, slot);
        var before = _last;
        _last = block.Header.Checksum;
        if (before is { } expected && block.Header.PreviousChecksum != expected)
            return new Finding(name, 0, $"The block follows one with checksum {block.Header.PreviousChecksum:x8}; the one before it has {expected:x8}.");

        foreach (ref readonly var frame in block.Frames)
        {
            var bytes = block.Bytes.Slice(frame.Position, frame.Length);
            var crc = Crc32C.Hash(bytes);
            if (crc != frame.Checksum)
            {
                _digest = null;
                return new Finding(name, frame.Position, BlockCodec.DescribeBadFrame(slot, frame, crc));
            }

            if (frame.Partition == kept) _kept.Add((frame, bytes.ToArray()));
        }

        _all.Add(slot, block.Frames, block.Bytes, isVerified: true);
        if (_digest is not { } digest) return null;
        if (slot == digest.First) _digest = digest with { Previous = block.Header.PreviousChecksum };
        digest.Frames.Add(slot, block.Frames, block.Bytes, isVerified: true);
        return null;
    }

    /// <summary>A block cannot be read: the chain begins anew behind it, and no digest that speaks of it is judged.</summary>
    public void Skip() => (_last, _digest) = (null, null);

    /// <summary>What a digest that ends here must say.</summary>
    public SlotDigest? TryEnd(Slot next)
    {
        if (_digest is not { } digest || digest.End != next) return null;
        _digest = null;
        return new SlotDigest(session, digest.First, digest.End, digest.Previous, _last ?? 0, digest.Frames.ToPartitions());
    }
}
