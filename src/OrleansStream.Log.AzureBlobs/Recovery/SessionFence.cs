using System.Buffers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// Ends a session for its writer, whatever that one is doing, and finds out where (rules X1 to X3). May be called for one session any number of times, by
/// any number of brokers at once: all find the same end.
/// </summary>
/// <remarks>
/// Why it is safe: the writer acknowledges a slot only when it and all below are its own. Once a fence stands at the lowest slot without a block, the writer
/// can never create that one, and acknowledges nothing at or above it.
/// </remarks>
internal sealed class SessionFence(RecoverySetup setup)
{
    /// <summary>How far ahead of all that is listed the far fence stands: more than a lane ever has on its way, so that the walk has an end even while the writer writes.</summary>
    public const int FarSlots = 64;

    /// <summary>Fences the session. Null if it is closed: it has nothing for anybody.</summary>
    /// <exception cref="StorageException">Storage failed. What was done stays done; call again.</exception>
    /// <exception cref="CorruptBlockException">A slot holds something that is neither a block nor a fence of this session.</exception>
    public async ValueTask<FencedSession?> FenceAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (await FreezeAsync(session, cancellationToken) is not { } frozen) return null;
        if (frozen.End is { } known) return new FencedSession(session, frozen.TrimPoint, known);

        var firstGap = await CreateFarFenceAsync(session, frozen.TrimPoint, cancellationToken);
        var end = await WalkAsync(session, firstGap, cancellationToken);
        await SessionRecords.EndAsync(setup.Sessions, session, end, cancellationToken);
        return new FencedSession(session, frozen.TrimPoint, end);
    }

    // Rule X1: from here on the trim point stays, and a trim that comes later ends its own lane. Null: closed.
    private async ValueTask<SessionRecord?> FreezeAsync(SessionId session, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await setup.Sessions.GetAsync(session, cancellationToken);
            if (stored is { Record.State: SessionState.Closed }) return null;
            if (stored is { Record.State: SessionState.Fencing }) return stored.Record;

            // A session without a record never wrote a block; but its broker may be about to begin it.
            var fencing = (stored?.Record ?? new SessionRecord(session, SessionState.Open, Slot.Zero, End: null)) with { State = SessionState.Fencing };
            if (await setup.Sessions.CompareAndSetAsync(fencing, stored?.ETag, cancellationToken)) return fencing;
        }
    }

    // Rule X2. Where the writer has passed the far fence's slot meanwhile, it goes on too fast for the walk: another one stands further up. It means nothing by itself.
    private async ValueTask<Slot> CreateFarFenceAsync(SessionId session, Slot trimPoint, CancellationToken cancellationToken)
    {
        while (true)
        {
            var listed = await ListAsync(session, trimPoint, cancellationToken);
            if (listed.HighestBlock.Value >= listed.FirstGap.Value + BlobLaneSetup.MaxDepth)
            {
                var state = await StateOfAsync(session, listed.FirstGap, cancellationToken);
                if (state == SlotState.Free) throw Lost(session, listed.FirstGap, listed.HighestBlock);
                if (state == SlotState.Block) continue; // It came while the list was made.
            }

            await RefuseLossAsync(session, listed, cancellationToken);
            if (await TryFenceAsync(session, new Slot(listed.Highest.Value + FarSlots), cancellationToken)) return listed.FirstGap;
        }
    }

    // A listed slot that is no shorter than a block is not free, so a fence need not be tried there: the scan finds out what it is. Slots below the trim
    // point may be there or not, and are never looked at; those below a digest's end were published, and need not be listed.
    private async ValueTask<ListedSlots> ListAsync(SessionId session, Slot trimPoint, CancellationToken cancellationToken)
    {
        var digests = await new SessionDigests(setup.Container, setup.ClusterGeneration).ListAsync(session, trimPoint, cancellationToken);
        var firstGap = digests.Count > 0 ? digests.Max(static digest => digest.End) : trimPoint;
        var (highest, highestBlock) = (firstGap, Slot.Zero);
        var prefix = BlobNames.BlocksOf(session);
        var group = firstGap;

        // Groups of neighbouring slots, as long as one reaches to where the next begins: a writer has no block on its way that far above a gap.
        while (true)
        {
            await foreach (var blob in setup.Container.ListAsync(BlobNames.SlotsAround(session, group), cancellationToken))
            {
                if (!BlobNames.TryParseSlot(blob.Name, prefix, out var slot)) continue;
                if (slot > highest) highest = slot;
                if (blob.Length <= FenceBlob.Bytes) continue;
                if (slot > highestBlock) highestBlock = slot;
                if (slot == firstGap) firstGap = slot.Next;
            }

            group = new Slot((group.Value / BlobNames.SlotsTogether + 1) * BlobNames.SlotsTogether);
            if (highest.Value + (2 * FarSlots) < group.Value) return new ListedSlots(highest, highestBlock, firstGap);
        }
    }

    // Blocks just above the gap were on their way when the writer ended, unless one of them says that the gap was durable: then a block that was acknowledged
    // is lost, and a fence in its place would hide that for ever.
    private async ValueTask RefuseLossAsync(SessionId session, ListedSlots listed, CancellationToken cancellationToken)
    {
        for (var slot = listed.FirstGap.Next; slot <= listed.HighestBlock; slot = slot.Next)
        {
            var start = new byte[BlockLayout.HeaderBytes];
            var length = await setup.Container.ReadAsync(BlobNames.BlockOf(session, slot), 0, start, cancellationToken);
            if (length <= 0 || !BlockCodec.TryReadHeader(start.AsSpan(0, length), out var header, out _) || header.DurableEnd <= listed.FirstGap) continue;
            if (await StateOfAsync(session, listed.FirstGap, cancellationToken) is SlotState.Free) throw Lost(session, listed.FirstGap, slot);
        }
    }

    private static CorruptBlockException Lost(SessionId session, Slot slot, Slot above) =>
        new(BlobNames.BlockOf(session, slot), 0, $"acknowledged data is damaged: the block is missing, and the one in slot {above} was written when it was durable.");

    // Rule X3.
    private async ValueTask<Slot> WalkAsync(SessionId session, Slot from, CancellationToken cancellationToken)
    {
        for (var slot = from; ; slot = slot.Next)
        {
            if (await TryFenceAsync(session, slot, cancellationToken)) return slot;
        }
    }

    // True: a fence stands there, whoever made it. False: a block of the session does. A conflict by itself tells neither.
    private async ValueTask<bool> TryFenceAsync(SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(session, slot);
        var fence = FenceBlob.Write(session, slot, setup.ClusterGeneration, setup.Undecided.NewNonce());
        var since = setup.Undecided.Begin();
        for (var attempt = 0; ; attempt++)
        {
            var put = await setup.Container.PutAsync(name, new ReadOnlySequence<byte>(fence), expected: null, Guid.Empty, cancellationToken);
            if (put.Outcome == BlobOutcome.Written) return true;

            var seen = put.Detail!;
            try
            {
                if (await StateOfAsync(session, slot, cancellationToken) is var state and not SlotState.Free) return state == SlotState.Fence;
            }
            catch (StorageException failed)
            {
                seen = failed.Message;
            }

            await setup.Undecided.PauseAsync(name, attempt, since, seen, cancellationToken);
        }
    }

    private async ValueTask<SlotState> StateOfAsync(SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(session, slot);
        var start = new byte[BlockLayout.HeaderBytes];
        var length = await setup.Container.ReadAsync(name, 0, start, cancellationToken);
        if (length < 0) return SlotState.Free;
        if (FenceBlob.IsFenceOf(start.AsSpan(0, length), session, slot)) return SlotState.Fence;
        if (BlockCodec.TryReadHeader(start.AsSpan(0, length), out var header, out var problem) && header.SessionHash == session.Hash && header.Slot == slot) return SlotState.Block;
        throw new CorruptBlockException(name, 0, problem ?? $"the block there is that of slot {header.Slot} of another session or place.");
    }

    private enum SlotState
    {
        Free,
        Fence,
        Block,
    }

    /// <param name="Highest">The highest slot that holds anything.</param>
    /// <param name="HighestBlock">The highest one that holds a block.</param>
    /// <param name="FirstGap">The lowest one from the trim point on that holds none.</param>
    private readonly record struct ListedSlots(Slot Highest, Slot HighestBlock, Slot FirstGap);
}
