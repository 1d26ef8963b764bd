using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>The place that a frame was given in an open block.</summary>
public readonly struct FramePlace
{
    public Slot Slot => throw new NotImplementedException();

    /// <summary>Exactly the frame's length. To be filled at once; not to be touched after <see cref="Filled"/>.</summary>
    public Span<byte> Destination => throw new NotImplementedException();

    /// <summary>The bytes stand. <paramref name="checksum"/> is the CRC-32C of the destination as it is now.</summary>
    public void Filled(uint checksum) => throw new NotImplementedException();
}
