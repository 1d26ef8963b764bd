using System.Collections;

namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>The pieces of a written frame, in the order in which they are sent. Enumerating allocates nothing; valid until the writer is reset or disposed.</summary>
public readonly struct FramePieces : IEnumerable<FramePiece>
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly List<(int Position, RecordsPayload Records)> _external;

    internal FramePieces(ReadOnlyMemory<byte> bytes, List<(int Position, RecordsPayload Records)> external) => (_bytes, _external) = (bytes, external);

    public Enumerator GetEnumerator() => new(this);

    IEnumerator<FramePiece> IEnumerable<FramePiece>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Walks the pieces: bytes up to a payload's place, the payload, and so on. Empty pieces are left out.</summary>
    public struct Enumerator : IEnumerator<FramePiece>
    {
        private readonly FramePieces _pieces;
        private int _position;
        private int _next;

        internal Enumerator(FramePieces pieces) => _pieces = pieces;

        public FramePiece Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        public bool MoveNext()
        {
            var external = _pieces._external;
            var end = _next < external.Count ? external[_next].Position : _pieces._bytes.Length;
            if (_position < end)
            {
                Current = new(_pieces._bytes[_position..end], null);
                _position = end;
                return true;
            }

            if (_next >= external.Count) return false;
            Current = new(default, external[_next++].Records);
            return true;
        }

        public void Reset() => (_position, _next) = (0, 0);

        public readonly void Dispose()
        {
        }
    }
}
