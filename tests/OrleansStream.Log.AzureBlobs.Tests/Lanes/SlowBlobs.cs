using System.Buffers;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>A container that takes as long for each put as a test says, in the test's time, and keeps nothing. For loads of which nobody reads a byte.</summary>
internal sealed class SlowBlobs(FakeTimeProvider time, TimeSpan latency) : IBlobContainer
{
    private readonly Queue<(TaskCompletionSource<BlobPut> Answer, long Since)> _underWay = new();

    public int Puts { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Answers what has taken its time; continuations run before this returns.</summary>
    public void Answer()
    {
        while (_underWay.TryPeek(out var first) && time.GetElapsedTime(first.Since) >= latency)
        {
            _underWay.Dequeue();
            first.Answer.SetResult(new BlobPut(BlobOutcome.Written, new ETag("1")));
        }
    }

    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        Puts++;
        Bytes += content.Length;
        var answer = new TaskCompletionSource<BlobPut>();
        _underWay.Enqueue((answer, time.GetTimestamp()));
        return new ValueTask<BlobPut>(answer.Task);
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();
}
