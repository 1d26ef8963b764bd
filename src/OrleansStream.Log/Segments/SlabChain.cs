using System.Buffers;
using OrleansStream.Log.Blocks;
using OrleansStream.Model;

namespace OrleansStream.Log.Segments;

/// <summary>Bytes that grow slab by slab, so that a segment takes about the memory that it has, and no array of its size is ever made.</summary>
internal sealed class SlabChain(SlabPool slabs) : IDisposable
{
    // Each slab is as large as all before it: many small segments are cut at the same time, and a large one takes few slabs.
    private const int MinSlabBytes = 16 * Limits.KiB, MaxSlabBytes = Limits.MiB;

    private readonly List<Slab> _slabs = [];
    private int _used;

    public long Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_slabs.Count == 0 || _used == _slabs[^1].Length)
            {
                _slabs.Add(slabs.Rent((int)Math.Clamp(Length, MinSlabBytes, MaxSlabBytes)));
                _used = 0;
            }

            var taken = Math.Min(bytes.Length, _slabs[^1].Length - _used);
            bytes[..taken].CopyTo(_slabs[^1].GetSpan()[_used..]);
            _used += taken;
            Length += taken;
            bytes = bytes[taken..];
        }
    }

    /// <summary>All bytes. Valid until the chain is disposed or appended to.</summary>
    public ReadOnlySequence<byte> ToSequence()
    {
        Piece? first = null, last = null;
        for (var i = 0; i < _slabs.Count; i++)
        {
            last = new Piece(_slabs[i].Memory[..(i + 1 < _slabs.Count ? _slabs[i].Length : _used)], last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    public void Dispose()
    {
        foreach (var slab in _slabs) slab.Return();
        _slabs.Clear();
        _used = 0;
        Length = 0;
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
