using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Conformance;

/// <summary>A lane that the test alone moves, and a reader of what it wrote. Disposed, it has checked that the reader kept no lease and no memory.</summary>
public interface IExtentBench : IAsyncDisposable
{
    Lane Lane { get; }

    /// <summary>Where the lane's blocks and all that is read come from.</summary>
    SlabPool Slabs { get; }

    IExtentReader Reader { get; }

    /// <summary>Makes everything that was appended durable, and publishes it.</summary>
    ValueTask SealAsync();

    /// <summary>Turns over a bit of a stored block.</summary>
    ValueTask FlipAsync(Slot slot, int position);

    /// <summary>Takes all stored blocks away.</summary>
    ValueTask RemoveAsync();
}
