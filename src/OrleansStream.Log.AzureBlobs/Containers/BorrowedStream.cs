using System.Buffers;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>
/// Lends a put its bytes until it is taken back. The HTTP client may go on reading a body after the call that sent it has failed or was cancelled; the
/// memory then belongs to somebody else already, and a body of mixed bytes with the right length would be stored. After <see cref="Dispose(bool)"/> a read
/// throws, which breaks the connection before the body is complete; a read that is under way ends first.
/// </summary>
/// <remarks>Reads copy, always: handing our memory to a socket, as an override of CopyTo could, would be out of reach of the lock.</remarks>
internal sealed class BorrowedStream(ReadOnlySequence<byte> content) : Stream
{
    private readonly Lock _gate = new();
    private ReadOnlySequence<byte> _content = content;
    private long _position;
    private bool _isTakenBack;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; } = content.Length;

    public override long Position
    {
        get
        {
            lock (_gate) return _position;
        }

        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(Span<byte> buffer)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isTakenBack, this);
            var rest = _content.Slice(_position);
            if (rest.Length > buffer.Length) rest = rest.Slice(0, buffer.Length);
            rest.CopyTo(buffer);
            _position += rest.Length;
            return (int)rest.Length;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new ValueTask<int>(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin)
    {
        lock (_gate)
        {
            var target = offset + (origin switch
            {
                SeekOrigin.Begin => 0,
                SeekOrigin.Current => _position,
                _ => Length,
            });
            ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(offset));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(target, Length, nameof(offset));
            return _position = target;
        }
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _isTakenBack = true;
            _content = default;
        }

        base.Dispose(disposing);
    }
}
