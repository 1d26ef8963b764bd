using System.Buffers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Containers;

public sealed class BorrowedStreamTests
{
    private static readonly byte[] Content = Pieces.Bytes(1_000, seed: 1);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    public void It_reads_across_pieces_and_ends_with_the_last(int pieces)
    {
        using var stream = new BorrowedStream(Pieces.Of(Content, pieces));
        var read = new byte[Content.Length + 10];

        Assert.Equal(Content.Length, stream.ReadAtLeast(read, read.Length, throwOnEndOfStream: false));
        Assert.Equal(Content, read[..Content.Length]);
        Assert.Equal(0, stream.Read(read));
        Assert.Equal((Content.Length, Content.Length), (stream.Length, stream.Position));
    }

    [Fact]
    public void It_can_be_read_again_from_any_place()
    {
        using var stream = new BorrowedStream(Pieces.Of(Content, 3));
        var read = new byte[10];

        stream.Position = 500;
        stream.ReadExactly(read);
        Assert.Equal(Content[500..510], read);
        stream.Seek(-5, SeekOrigin.Current);
        stream.ReadExactly(read);
        Assert.Equal(Content[505..515], read);
        stream.Seek(-10, SeekOrigin.End);
        stream.ReadExactly(read);
        Assert.Equal(Content[990..], read);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = 1_001);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = -1);
    }

    [Fact]
    public async Task After_it_was_taken_back_nobody_reads()
    {
        var stream = new BorrowedStream(new ReadOnlySequence<byte>(Content));
        Assert.Equal(10, stream.Read(new byte[10]));

        await stream.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => stream.Read(new byte[10]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadExactlyAsync(new byte[10], TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
    }
}
