using System.Buffers.Binary;

namespace OrleansStream.Log.Journals;

/// <summary>Walks the changes of a journal frame. Damage is an exception: the frame's checksum was right, so somebody wrote it so.</summary>
internal ref struct JournalFrameReader
{
    private ReadOnlySpan<byte> _rest;
    private int _left;

    /// <exception cref="LogException">The frame is of another version, or does not have as many changes as offsets.</exception>
    public JournalFrameReader(ReadOnlySpan<byte> frame, long offsets)
    {
        if (frame.Length < JournalFrame.HeaderBytes) throw new LogException($"A journal frame has {frame.Length} bytes; its header takes {JournalFrame.HeaderBytes}.");
        if (frame[0] != JournalFrame.Version) throw new LogException($"A journal frame has version {frame[0]}; this broker reads version {JournalFrame.Version}.");

        _left = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);
        if (_left != offsets) throw new LogException($"A journal frame says that it has {_left} changes; it has {offsets} offsets.");
        _rest = frame[JournalFrame.HeaderBytes..];
    }

    /// <summary>Reads the next change; false after the last one.</summary>
    /// <exception cref="LogException">A length is impossible, or bytes are left.</exception>
    public bool TryRead(out ReadOnlySpan<byte> change)
    {
        change = default;
        if (_left == 0) return _rest.IsEmpty ? false : throw new LogException($"A journal frame has {_rest.Length} bytes behind its last change.");
        var length = _rest.Length < JournalFrame.ChangeHeaderBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(_rest);
        if (length < 0 || length > _rest.Length - JournalFrame.ChangeHeaderBytes)
            throw new LogException($"A change of a journal frame has length {length}; {_rest.Length} bytes are left with its length field.");

        change = _rest.Slice(JournalFrame.ChangeHeaderBytes, length);
        _rest = _rest[(JournalFrame.ChangeHeaderBytes + length)..];
        _left--;
        return true;
    }
}
