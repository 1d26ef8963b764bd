using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>Where the lane's blocks go once they are published: into the tail cache; and the reader of blobs learns where frames stand, for when they have left it.</summary>
internal sealed class PublishedBlocks(TailCache tail, BlobExtentReader reader) : ILaneObserver
{
    public void OnBlockPublished(Block block)
    {
        tail.OnBlockPublished(block);
        reader.Remember(block);
    }

    public void OnOwnerFailed(Exception error) => tail.OnOwnerFailed(error);
}
