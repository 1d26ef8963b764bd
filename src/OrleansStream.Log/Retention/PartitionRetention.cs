using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Log.Retention;

/// <summary>Lets go what a partition's retention.ms and retention.bytes do not keep.</summary>
/// <param name="mover">Moves log start.</param>
/// <param name="time">The clock that records' timestamps are compared with.</param>
public sealed class PartitionRetention(LogStartMover mover, TimeProvider time)
{
    /// <summary>Looks at one partition. Returns whether its log start has moved.</summary>
    /// <exception cref="LogException">Storage failed; the next look goes on.</exception>
    public async ValueTask<bool> RunAsync(PartitionHandle handle, CancellationToken cancellationToken)
    {
        // The high watermark last: what is below it stands in the extents or is not looked at.
        var settings = handle.Settings;
        if (!settings.Deletes || !handle.IsOwner) return false;
        var logStart = handle.LogStart;
        var extents = handle.ExtentsFrom(logStart);
        var target = RetentionRule.NewLogStart(extents, logStart, handle.HighWatermark, settings, time.GetUtcNow().ToUnixTimeMilliseconds());
        return target > logStart && await mover.MoveAsync(handle, target, cancellationToken) == ErrorCode.None;
    }
}
