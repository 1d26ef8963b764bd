using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Kafka.Protocol.Tests.Fixtures;
using OrleansStream.Kafka.Protocol.Tests.Messages;
using OrleansStream.Testing.Fuzzing;

namespace OrleansStream.Kafka.Protocol.Tests.Fuzzing;

/// <summary>
/// Feeds damaged frames to every decoder. FUZZ_MINUTES makes a run as long as wanted, FUZZ_SEED repeats one; without them a fixed
/// seed and a fixed number of frames, so that the test command always does the same.
/// </summary>
public class DecoderFuzzTests
{
    private const int FramesInTheTestRun = 200_000;

    // What a frame may cost: its objects and lists. Without limits a dozen bytes could ask for gigabytes.
    private const int FixedAllocation = 16 * 1024;
    private const int AllocationPerByte = 100;

    private static readonly Lazy<IReadOnlyList<Seed>> Corpus = new(() => [.. RecordedFrame.All.Select(frame => new Seed(frame.Api, frame.Version, frame.IsRequest, frame.Bytes)), .. Generated()]);

    private sealed record Seed(ApiKey Api, short Version, bool IsRequest, byte[] Bytes);

    [Fact]
    public void Damaged_frames_are_read_or_refused_and_never_cost_more_than_their_size_allows()
    {
        var minutes = double.TryParse(Environment.GetEnvironmentVariable("FUZZ_MINUTES"), out var set) ? set : 0;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), out var given) ? given : minutes > 0 ? Environment.TickCount : 1;
        Console.WriteLine($"Fuzzing with FUZZ_SEED={seed}.");
        var random = new Random(seed);
        var mutator = new Mutator(random, [.. Corpus.Value.Select(entry => entry.Bytes)]);
        var clock = System.Diagnostics.Stopwatch.StartNew();

        long frames = 0;
        for (; minutes > 0 ? clock.Elapsed.TotalMinutes < minutes : frames < FramesInTheTestRun; frames++)
        {
            var entry = Corpus.Value[random.Next(Corpus.Value.Count)];
            var keep = random.Next(20) == 0 ? 0 : entry.IsRequest ? 8 : 4;
            Try(entry, mutator.Next(entry.Bytes, keep), $"seed {seed}, frame {frames}");
        }

        Console.WriteLine($"{frames} frames in {clock.Elapsed.TotalSeconds:F0} s, no finding.");
    }

    private static void Try(Seed entry, byte[] frame, string place)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            if (entry.IsRequest) RequestFrame.Read(frame);
            else ResponseFrame.Read(frame, entry.Api, entry.Version);
        }
        catch (MalformedFrameException)
        {
            // What a decoder may say about garbage.
        }
        catch (Exception exception)
        {
            Assert.Fail($"{place}: {exception}\n{Convert.ToHexStringLower(frame)}");
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= FixedAllocation + (AllocationPerByte * frame.Length), $"{place}: {allocated} bytes for a frame of {frame.Length}\n{Convert.ToHexStringLower(frame)}");
    }

    // Recorded frames miss versions that today's clients do not speak; a generated one of each fills the gaps.
    private static IEnumerable<Seed> Generated()
    {
        foreach (var api in ApiTable.All)
        {
            for (var version = api.MinVersion; version <= api.MaxVersion; version++)
            {
                var sample = new MessageSample(new Random(version), version);
                var types = typeof(IMessage).Assembly;
                using var writer = new ProtocolWriter();
                RequestFrame.Write(writer, new(api.Key, version, 1, "fuzz"), (IRequest)sample.Create(types.GetType($"{typeof(IMessage).Namespace}.{api.Name}Request")!));
                yield return new(api.Key, version, true, writer.ToArray()[4..]);
                writer.Reset();
                ResponseFrame.Write(writer, new(api.Key, version, 1, null), (IResponse)sample.Create(types.GetType($"{typeof(IMessage).Namespace}.{api.Name}Response")!));
                yield return new(api.Key, version, false, writer.ToArray()[4..]);
            }
        }
    }
}
