using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>A record found by time. No match is offset -1 and timestamp -1 without an error.</summary>
public readonly record struct TimestampMatch(ErrorCode Error, Offset Offset, long TimestampMs, LeaderEpoch Epoch);

/// <summary>Where an epoch ends: the start of the next one, or the end of the log for the current one.</summary>
public readonly record struct EpochEnd(LeaderEpoch Epoch, Offset EndOffset);
