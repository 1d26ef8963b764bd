using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// Finds out which frames a fenced session has (rules R1 and R2): by the digests that its writer left, and where there are none by reading the blocks between
/// trim point and end, several at a time.
/// </summary>
internal sealed class SessionScan(RecoverySetup setup)
{
    private readonly SessionDigests _digests = new(setup.Container, setup.ClusterGeneration);

    /// <summary>The session's frames of each partition.</summary>
    /// <exception cref="CorruptBlockException">A block below the end is missing or does not follow the one before it: acknowledged data is damaged. Nothing may be claimed from the session.</exception>
    /// <exception cref="StorageException">Storage failed; call again.</exception>
    public async ValueTask<SessionSummary> ReadAsync(FencedSession fenced, CancellationToken cancellationToken)
    {
        var found = new GatheredFrames(fenced.Session);
        var pieces = PiecesOf(fenced, await DigestsAsync(fenced, cancellationToken));
        var reads = new Queue<Task<ScannedBlock>>();
        var chain = new Chain(fenced);
        using var ahead = pieces.Where(static piece => piece.Digest is null).GetEnumerator();
        try
        {
            foreach (var (slot, digest) in pieces)
            {
                if (digest is not null)
                {
                    chain.Follow(slot, digest.FirstPrevious, digest.LastChecksum);
                    found.Add(digest);
                    continue;
                }

                while (reads.Count < setup.ReadsAtOnce && ahead.MoveNext()) reads.Enqueue(ScannedBlock.ReadAsync(setup, fenced.Session, ahead.Current.Slot, isWhole: false, cancellationToken));
                using var block = await reads.Dequeue();
                chain.Follow(slot, block.Header.PreviousChecksum, block.Header.Checksum);
                found.Add(slot, block.Frames, block.Bytes, isVerified: false);
            }
        }
        finally
        {
            await EndAsync(reads);
        }

        return new SessionSummary(fenced, found.ToPartitions());
    }

    private static List<(Slot Slot, SlotDigest? Digest)> PiecesOf(FencedSession fenced, IReadOnlyDictionary<Slot, SlotDigest> digests)
    {
        var pieces = new List<(Slot Slot, SlotDigest? Digest)>();
        for (var slot = fenced.TrimPoint; slot < fenced.End; slot = pieces[^1].Digest?.End ?? slot.Next) pieces.Add((slot, digests.GetValueOrDefault(slot)));
        return pieces;
    }

    // One that begins below the trim point speaks of blocks that may be gone.
    private async Task<Dictionary<Slot, SlotDigest>> DigestsAsync(FencedSession fenced, CancellationToken cancellationToken)
    {
        var digests = new Dictionary<Slot, SlotDigest>();
        foreach (var some in (await _digests.ListAsync(fenced.Session, fenced.TrimPoint, cancellationToken)).Chunk(setup.ReadsAtOnce))
        {
            foreach (var digest in await Task.WhenAll(some.Select(one => _digests.ReadAsync(fenced.Session, one.First, one.End, cancellationToken))))
            {
                if (digest is not null && digest.End <= fenced.End) digests[digest.First] = digest;
            }
        }

        return digests;
    }

    // One failure is enough; but nothing goes on behind the caller's back.
    private static async Task EndAsync(IEnumerable<Task> reads)
    {
        try
        {
            await Task.WhenAll(reads);
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException)
        {
        }
    }

    /// <summary>The checksums by which each block names the one before it.</summary>
    private sealed class Chain(FencedSession fenced)
    {
        private uint? _previous = fenced.TrimPoint == Slot.Zero ? 0 : null; // What stood below the trim point may be gone.

        public void Follow(Slot slot, uint names, uint last)
        {
            if (_previous is { } expected && names != expected)
            {
                throw new CorruptBlockException(
                    Containers.BlobNames.BlockOf(fenced.Session, slot), 0, $"it follows a block with checksum {names:x8}; the one before it has {expected:x8}.");
            }

            _previous = last;
        }
    }
}
