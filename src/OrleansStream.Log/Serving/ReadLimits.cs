using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.Serving;

/// <summary>What one step of a read may take.</summary>
/// <param name="From">First wanted offset.</param>
/// <param name="End">Nothing at or above it.</param>
/// <param name="MaxBytes">Bound of the bytes of the whole list.</param>
/// <param name="AtLeastOne">Whether the first frame of the list is taken whatever its size.</param>
internal readonly record struct ReadLimits(long From, long End, long MaxBytes, bool AtLeastOne)
{
    /// <summary>Whether a frame of this length may be added.</summary>
    public bool Admits(int length, FrameList list) => list.Bytes + length <= MaxBytes || (AtLeastOne && list.Count == 0);
}
