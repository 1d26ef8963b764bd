using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Journals;

/// <summary>Hands stored pieces of a journal to the state that it keeps. Which pieces there are, and in which order they come, is the caller's business.</summary>
public static class JournalReplay
{
    /// <summary>Begins the state from a snapshot.</summary>
    /// <returns>Bytes of what the state was given.</returns>
    /// <exception cref="LogException">It is missing, or damaged, or the state cannot read it.</exception>
    public static async ValueTask<int> RestoreAsync(IObjectStore objects, SnapshotReference snapshot, IJournalState state, CancellationToken cancellationToken)
    {
        var content = await JournalSnapshot.ReadAsync(objects, snapshot.Name, snapshot.CoversTo, cancellationToken);
        state.Restore(content);
        return content.Length;
    }

    /// <summary>Applies the changes of a frame from an offset on.</summary>
    /// <param name="entry">The frame's line in its directory.</param>
    /// <param name="frame">Its bytes, verified.</param>
    /// <param name="from">Changes below it are left out: a snapshot may end inside a frame.</param>
    /// <param name="state">Whose changes they are.</param>
    /// <exception cref="LogException">It is no frame of changes, or the state cannot read one of them.</exception>
    public static void Apply(in FrameEntry entry, ReadOnlySpan<byte> frame, Offset from, IJournalState state)
    {
        if (entry.Kind != FrameKind.Journal) throw new LogException($"Journal {entry.Partition}: the frame at offset {entry.BaseOffset} is of kind {entry.Kind}.");
        var reader = new JournalFrameReader(frame, entry.LastOffset - entry.BaseOffset + 1);
        for (var offset = entry.BaseOffset; reader.TryRead(out var change); offset += 1)
        {
            if (offset >= from) state.Apply(offset, change);
        }
    }
}
