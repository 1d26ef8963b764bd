using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>How a read ended, with the partition's offsets as they were before it began, so that they never claim more than was offered.</summary>
public readonly record struct ReadOutcome(ErrorCode Error, Offset HighWatermark, Offset LastStableOffset, Offset LogStart);
