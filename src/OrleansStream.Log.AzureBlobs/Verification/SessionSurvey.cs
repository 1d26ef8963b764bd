using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Log.Verification;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>
/// Reads every block of a session that somebody may need, whole, and holds digests against them. A session that lives goes on while it is read: what is
/// judged is what lies below the first slot that is not there.
/// </summary>
internal sealed class SessionSurvey(RecoverySetup setup, PartitionId kept, Action<Finding> found)
{
    private readonly SessionDigests _digests = new(setup.Container, setup.ClusterGeneration);

    /// <returns>Null if the session was closed meanwhile: what is left of it is needed by nobody.</returns>
    /// <exception cref="StorageException">Storage failed: nothing is known of what was not read.</exception>
    public async ValueTask<SurveyedSession?> ReadAsync(SessionRecord record, CancellationToken cancellationToken)
    {
        var (end, isWhole) = await EndAsync(record, cancellationToken);
        var digests = (await _digests.ListAsync(record.Session, record.TrimPoint, cancellationToken)).ToDictionary(static digest => digest.First, static digest => digest.End);
        var blocks = new VerifiedBlocks(record.Session, kept);
        var reads = new Queue<(Slot Slot, Task<ScannedBlock> Read)>();
        var next = record.TrimPoint;
        for (var slot = record.TrimPoint; slot < end; slot = slot.Next)
        {
            for (; next < end && reads.Count < setup.ReadsAtOnce; next = next.Next) reads.Enqueue((next, ScannedBlock.ReadAsync(setup, record.Session, next, isWhole: true, cancellationToken)));
            if (digests.Remove(slot, out var digestEnd)) blocks.Begin(slot, digestEnd);
            try
            {
                using var block = await reads.Dequeue().Read;
                isWhole &= Report(blocks.Add(slot, block));
            }
            catch (CorruptBlockException damage)
            {
                blocks.Skip();

                // The owner may have trimmed it meanwhile, or everything in the session was found to be of no more use.
                var now = (await setup.Sessions.GetAsync(record.Session, cancellationToken))?.Record;
                if (now is null or { State: SessionState.Closed }) return null;
                if (slot >= now.TrimPoint) isWhole = Report(new Finding(damage.Location, damage.Position, damage.Detail));
            }

            if (blocks.TryEnd(slot.Next) is { } gathered) await CompareAsync(gathered, cancellationToken);
        }

        return new SurveyedSession(record, blocks.Frames, blocks.Kept, isWhole);
    }

    // Of a session that lives: the first slot without a block. Blocks a few slots further up were on their way when it was listed; such as lie far above it tell of a loss.
    private async ValueTask<(Slot End, bool IsWhole)> EndAsync(SessionRecord record, CancellationToken cancellationToken)
    {
        if (record.End is { } end) return (end, true);

        // What is trimmed or filled while the list is made moves the gap; one that stays, far below the highest block, is a loss.
        for (var at = record.TrimPoint; ;)
        {
            var (gap, highest) = await ListAsync(record.Session, at, cancellationToken);
            if (highest.Value < gap.Value + BlobLaneSetup.MaxDepth) return (gap, true);

            var trimPoint = (await setup.Sessions.GetAsync(record.Session, cancellationToken))?.Record.TrimPoint ?? gap;
            if (trimPoint > gap) at = trimPoint;
            else if (await setup.Container.FindAsync(BlobNames.BlockOf(record.Session, gap), cancellationToken) is not null) at = gap;
            else return (gap, Report(new Finding(BlobNames.BlockOf(record.Session, gap), -1, $"The block is missing, and blocks up to slot {highest} are there.")));
        }
    }

    private async ValueTask<(Slot Gap, Slot Highest)> ListAsync(SessionId session, Slot from, CancellationToken cancellationToken)
    {
        var prefix = BlobNames.BlocksOf(session);
        var (gap, highest) = (from, from);
        await foreach (var blob in setup.Container.ListAsync(prefix, cancellationToken))
        {
            if (!BlobNames.TryParseSlot(blob.Name, prefix, out var slot) || blob.Length <= FenceBlob.Bytes) continue;
            if (slot > highest) highest = slot;
            if (slot == gap) gap = slot.Next;
        }

        return (gap, highest);
    }

    private async ValueTask CompareAsync(SlotDigest gathered, CancellationToken cancellationToken)
    {
        var name = BlobNames.DigestOf(gathered.Session, gathered.First, gathered.End);
        var said = await _digests.ReadAsync(gathered.Session, gathered.First, gathered.End, cancellationToken);
        if (said is not null && !SlotDigestCodec.AreEqual(said, gathered)) found(new Finding(name, -1, "The digest does not say what its blocks do."));
        if (said is null && await setup.Container.FindAsync(name, cancellationToken) is not null) found(new Finding(name, -1, "The digest does not verify; its blocks are read in its place."));
    }

    private bool Report(Finding? finding)
    {
        if (finding is not null) found(finding);
        return finding is null;
    }
}
