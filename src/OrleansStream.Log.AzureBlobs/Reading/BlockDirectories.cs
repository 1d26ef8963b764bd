using System.Collections.Concurrent;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Directories of blocks that were read, as many as hold a fixed number of frames; the oldest leave first. Blocks never change, so none is ever wrong.</summary>
internal sealed class BlockDirectories
{
    // About 20 MB.
    private const int MostFrames = 200_000;

    private readonly ConcurrentDictionary<(SessionId Session, Slot Slot), FrameEntry[]> _kept = new();
    private readonly ConcurrentQueue<(SessionId Session, Slot Slot)> _order = new();
    private int _frames;

    public FrameEntry[]? Find(SessionId session, Slot slot) => _kept.GetValueOrDefault((session, slot));

    /// <summary>Keeps a directory and gives it back.</summary>
    public FrameEntry[] Keep(SessionId session, Slot slot, FrameEntry[] directory)
    {
        if (!_kept.TryAdd((session, slot), directory)) return directory;

        _order.Enqueue((session, slot));
        Interlocked.Add(ref _frames, directory.Length + 1);
        while (Volatile.Read(ref _frames) > MostFrames && _order.TryDequeue(out var oldest))
        {
            if (_kept.TryRemove(oldest, out var left)) Interlocked.Add(ref _frames, -(left.Length + 1));
        }

        return directory;
    }
}
