namespace OrleansStream.Testing.Blobs;

/// <summary>A call to <see cref="SimulatedBlobs"/>, as it comes in.</summary>
/// <param name="Number">Of all calls, from 1.</param>
/// <param name="Kind">What is asked for.</param>
/// <param name="Name">The blob, or a list's prefix.</param>
public readonly record struct BlobCall(int Number, BlobCallKind Kind, string Name)
{
    public bool IsPut => Kind == BlobCallKind.Put;
}

/// <summary>What is asked for.</summary>
public enum BlobCallKind
{
    Put,
    Read,
    Get,
    Find,
    Delete,
    List,
}
