using System.Buffers;
using OrleansStream.Log.Blocks;
using OrleansStream.Model;

namespace OrleansStream.Log.Segments;

/// <summary>Bytes that grow in slabs of 1 MiB, so that a segment takes the memory that it has and no array of its size is ever made.</summary>
internal sealed class SlabChain(SlabPool slabs) : IDisposable
{
    private const int SlabBytes = Limits.MiB;

    private readonly List<Slab> _slabs = [];
    private int _used = SlabBytes;

    public long Length => ((long)_slabs.Count * SlabBytes) - (SlabBytes - _used);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_used == SlabBytes)
            {
                _slabs.Add(slabs.Rent(SlabBytes));
                _used = 0;
            }

            var taken = Math.Min(bytes.Length, SlabBytes - _used);
            bytes[..taken].CopyTo(_slabs[^1].GetSpan()[_used..]);
            _used += taken;
            bytes = bytes[taken..];
        }
    }

    /// <summary>All bytes. Valid until the chain is disposed or appended to.</summary>
    public ReadOnlySequence<byte> ToSequence()
    {
        Piece? first = null, last = null;
        for (var i = 0; i < _slabs.Count; i++)
        {
            var memory = _slabs[i].Memory[..(i + 1 < _slabs.Count ? SlabBytes : _used)];
            last = new Piece(memory, last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    public void Dispose()
    {
        foreach (var slab in _slabs) slab.Return();
        _slabs.Clear();
        _used = SlabBytes;
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
