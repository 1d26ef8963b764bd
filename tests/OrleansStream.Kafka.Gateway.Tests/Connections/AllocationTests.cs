using System.Buffers;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>Alone in the process: what others allocate would count.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;

/// <summary>What a busy connection allocates for each request, from its first byte to the last one of its answer; the pipes are part of it.</summary>
[Collection(nameof(AllocationTests))]
public class AllocationTests(ITestOutputHelper output)
{
    private const int Count = 200;

    // Measured without optimisation: about 3.4 KiB for a Produce, 5 KiB for a Fetch. About twice that is a change that somebody should know of, and far from a batch.
    private const int MaxBytesPerProduce = 8 * Limits.KiB;

    private const int MaxBytesPerFetch = 10 * Limits.KiB;

    [Fact]
    public async Task A_produce_allocates_little_beside_its_batch()
    {
        await using var harness = new GatewayHarness(static options => (options.MaxUnansweredRequests, options.MaxUnansweredBytes) = (1024, 64 * Limits.MiB));
        harness.AddTopic("orders");
        var client = harness.Connect();
        var request = Requests.Produce("orders", 0, new BatchBuilder().Record(new string('x', 100_000)).Build());
        await client.AskAsync<ProduceResponse>(request, 9);
        var handle = harness.Broker.Handles.All.Single();
        var frame = Frame(request);
        Produce();

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var excluded = Produce();
        var perRequest = (GC.GetTotalAllocatedBytes(precise: true) - before - excluded) / Count;

        output.WriteLine($"{perRequest} bytes for each request.");
        Assert.InRange(perRequest, 0, MaxBytesPerProduce);

        // What the store of the test allocates for what it keeps is not counted.
        long Produce()
        {
            var end = handle.HighWatermark.Value;
            for (var one = 1; one <= Count; one++)
            {
                Send(client, frame);
                while (handle.BytesFrom(new Offset(end + one)) < 0)
                {
                    Thread.Yield(); // Not appended yet: offsets beyond the end have no bytes.
                }
            }

            var beforeStore = GC.GetTotalAllocatedBytes(precise: true);
            harness.Broker.Lane.Write();
            var store = GC.GetTotalAllocatedBytes(precise: true) - beforeStore;
            harness.Broker.Lane.Dispatch();
            Receive(client, Count);
            return store;
        }
    }

    [Fact]
    public async Task A_fetch_allocates_little_beside_its_records()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().Record(new string('x', 100_000)).Build()), 9);
        var frame = Frame(Requests.Fetch("orders", 0, maxWaitMs: 500));
        Fetch();

        var before = GC.GetTotalAllocatedBytes(precise: true);
        Fetch();
        var perRequest = (GC.GetTotalAllocatedBytes(precise: true) - before) / Count;

        output.WriteLine($"{perRequest} bytes for each request.");
        Assert.InRange(perRequest, 0, MaxBytesPerFetch);

        void Fetch()
        {
            for (var one = 0; one < Count; one++)
            {
                Send(client, frame);
                Receive(client, 1);
            }
        }
    }

    private static byte[] Frame(IRequest request)
    {
        using var writer = new ProtocolWriter();
        RequestFrame.Write(writer, new RequestHeader(request.Api, request is ProduceRequest ? (short)9 : (short)12, 1, "test"), request);
        return writer.ToArray();
    }

    private static void Send(TestClient client, byte[] frame)
    {
        var writing = client.Output.WriteAsync(frame);
        while (!writing.IsCompleted)
        {
            Thread.Yield();
        }

        _ = writing.Result;
    }

    // Whole answers, by their sizes; nothing of them is looked at.
    private static void Receive(TestClient client, int answers)
    {
        while (answers > 0)
        {
            if (!client.Input.TryRead(out var read))
            {
                Thread.Yield();
                continue;
            }

            var rest = read.Buffer;
            while (answers > 0 && TryCut(ref rest))
            {
                answers--;
            }

            client.Input.AdvanceTo(rest.Start, read.Buffer.End);
        }
    }

    private static bool TryCut(ref ReadOnlySequence<byte> rest)
    {
        var reader = new SequenceReader<byte>(rest);
        if (!reader.TryReadBigEndian(out int size) || reader.Remaining < size)
        {
            return false;
        }

        rest = rest.Slice(sizeof(int) + size);
        return true;
    }
}
