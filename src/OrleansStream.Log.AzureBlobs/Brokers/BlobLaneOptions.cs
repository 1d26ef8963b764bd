using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>How a lane writes to blobs, and how much it may hold.</summary>
public sealed class BlobLaneOptions
{
    public const string Section = "OrleansStream:BlobLane";

    /// <summary>Blocks on their way at once. 1 to 8; 6 unless set. More of them is more throughput where a request takes long.</summary>
    [Between(1, BlobLaneSetup.MaxDepth)]
    public int Depth { get; set; } = 6;

    /// <summary>Memory of open and unpublished blocks. 16 MiB (one of the largest blocks) to 1 GiB; 32 MiB unless set. At the bound producers wait.</summary>
    [Between(Limits.MaxBlockBytes, Limits.GiB)]
    public long MaxOpenBytes { get; set; } = 32L * Limits.MiB;

    /// <summary>Size at which a block is sealed. 4 KiB to 16 MiB; 4 MiB unless set.</summary>
    [Between(Limits.BlockAlignment, Limits.MaxBlockBytes)]
    public int BlockBytes { get; set; } = Limits.BlockBytes;
}
