using System.Buffers;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// One request as it came, without its size: a pooled buffer and the intake budget that it is charged to. Owned by the request; <see cref="Release"/> gives
/// both back, once. Whatever was decoded from it as a view must not be used after that.
/// </summary>
internal sealed class Frame(byte[] buffer, int length, IntakeBudget budget)
{
    private byte[]? _buffer = buffer;

    public int Length { get; } = length;

    public ReadOnlyMemory<byte> Memory => new(_buffer ?? throw new ObjectDisposedException(nameof(Frame)), 0, Length);

    public Span<byte> Rest(int from) => _buffer.AsSpan(from, Length - from);

    /// <summary>Safe to call twice.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
            budget.Return(Length);
        }
    }
}
