using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Where a published frame stands, for the lane index.</summary>
/// <param name="Slot">Of its block.</param>
/// <param name="Region">Where the store has put the block: entries of the index do not span two of them.</param>
/// <param name="At">When the block was opened, in the time provider's ticks.</param>
/// <param name="IsCarried">Whether this is a copy of a frame that stood elsewhere already (rule S4).</param>
internal readonly record struct FramePosition(Slot Slot, long Region, long At, bool IsCarried);
