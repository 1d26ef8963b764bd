using System.Diagnostics.Metrics;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>What a <see cref="BlobExtentReader"/> is made of.</summary>
public sealed record BlobReadingSetup
{
    public required IBlobContainer Container { get; init; }

    /// <summary>For everything that is read.</summary>
    public required SlabPool Slabs { get; init; }

    /// <summary>Measures how long requests take, and when a second one is sent.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Valid.</summary>
    public BlobReadingOptions Options { get; init; } = new();

    /// <summary>Bounds the indexes of segments that are kept.</summary>
    public SegmentOptions Segments { get; init; } = new();

    /// <summary>Blocks of another one are damage (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>Where reads run, whoever asks for them: never on a grain's scheduler. The thread pool unless set; a simulation gives its own.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>Where the reader's meter is made; null for none.</summary>
    public IMeterFactory? Meters { get; init; }
}
