using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>The place that a frame was given in an open block.</summary>
public readonly struct FramePlace
{
    private readonly LaneBlock _block;
    private readonly int _index;
    private readonly int _position;
    private readonly int _length;
    private readonly bool _wakesWriter;

    internal FramePlace(LaneBlock block, int index, int position, int length, bool wakesWriter)
    {
        _block = block;
        _index = index;
        _position = position;
        _length = length;
        _wakesWriter = wakesWriter;
    }

    public Slot Slot => _block.Slot;

    /// <summary>Exactly the frame's length. To be filled at once; not to be touched after <see cref="Filled"/>.</summary>
    public Span<byte> Destination => _block.Span.Slice(_position, _length);

    /// <summary>The bytes stand. <paramref name="checksum"/> is the CRC-32C of the destination as it is now. To be called exactly once, also if the lane has ended meanwhile.</summary>
    public void Filled(uint checksum) => _block.Filled(_index, checksum, _wakesWriter);
}
