using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Tests.Messages;

public class HotPathTests
{
    private const int RecordBytes = 1 << 20;

    [Fact]
    public void Reading_a_produce_request_does_not_copy_its_records()
    {
        using var writer = new ProtocolWriter();
        var records = new byte[RecordBytes];
        RequestFrame.Write(writer, new(ApiKey.Produce, 9, 1, "c"), new ProduceRequest { Topics = [new() { Name = "t", Partitions = [new() { Records = records }] }] });
        var frame = writer.ToArray().AsMemory(sizeof(int));
        RequestFrame.Read(frame);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var body = (ProduceRequest)RequestFrame.Read(frame).Body!;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 1, 1024);
        Assert.True(frame.Span.Overlaps(body.Topics[0].Partitions[0].Records!.Value.Span));
    }

    [Fact]
    public void Writing_a_fetch_response_neither_copies_nor_allocates_for_records()
    {
        using var writer = new ProtocolWriter();
        var header = new RequestHeader(ApiKey.Fetch, 16, 1, "c");
        var payload = new MemoryRecords(new byte[RecordBytes]);
        var response = new FetchResponse { Topics = [new() { Partitions = [new() { Records = payload }, new() { Index = 1, Records = payload }] }] };
        ResponseFrame.Write(writer, header, response);
        writer.Reset();

        var before = GC.GetAllocatedBytesForCurrentThread();
        ResponseFrame.Write(writer, header, response);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(2, writer.Pieces.Count(piece => piece.Records == payload));
        Assert.InRange(writer.Pieces.Where(piece => piece.Records is null).Sum(piece => piece.Length), 1, 200);
    }

    [Fact]
    public void A_fetch_response_in_pieces_is_the_frame_that_its_size_field_names()
    {
        using var writer = new ProtocolWriter();
        var response = new FetchResponse { Topics = [new() { Name = "t", Partitions = [new() { Records = new MemoryRecords(new byte[] { 1, 2, 3 }) }] }] };

        ResponseFrame.Write(writer, new(ApiKey.Fetch, 11, 3, "c"), response);

        var frame = writer.ToArray();
        Assert.Equal(frame.Length - 4, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame));
        Assert.Equal(writer.Length, frame.Length);
        var read = (FetchResponse)ResponseFrame.Read(frame.AsMemory(4), ApiKey.Fetch, 11).Body;
        Assert.Equal([1, 2, 3], Assert.IsType<MemoryRecords>(read.Topics[0].Partitions[0].Records).Bytes.ToArray());
    }
}
