using OrleansStream.Log.Lanes;
using OrleansStream.Log.Segments;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// The blocks of the present session against their bound (rule S1), and what dead sessions still hold for partitions of this broker. Only the present session is
/// emptied because of the bound: what was inherited goes by age, and its sessions by R4.
/// </summary>
/// <param name="currentLane">The lane of the current session, ended or not.</param>
/// <param name="options">The bound.</param>
internal sealed class BlobWalUsage(Func<ILane> currentLane, UnsplitOptions options) : IWalUsage
{
    // Emptied at a time, and what may still come before the bound is reached.
    private const int PartsOfBound = 8;

    /// <summary>Bytes that open partitions of this broker still have in dead sessions.</summary>
    public Func<long> Inherited { get; set; } = static () => 0;

    public long Bytes => OwnBytes + Inherited();

    /// <summary>Bytes of the present session's blocks from the trim point on.</summary>
    public long OwnBytes => currentLane().Index.HeldBytes;

    public bool IsNearCap => OwnBytes > options.LaneBytes - PartBytes;

    private long PartBytes => options.LaneBytes / PartsOfBound;

    public IReadOnlyList<WalPart> ClosedParts()
    {
        var lane = currentLane();
        return lane.Index.EndOfOldest(PartBytes) is { } end ? [new WalPart(lane.Session, end, Math.Min(PartBytes, lane.Index.HeldBytes))] : [];
    }
}
