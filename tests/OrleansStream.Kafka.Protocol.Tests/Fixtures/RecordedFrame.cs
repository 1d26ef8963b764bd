using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Tests.Fixtures;

/// <summary>A frame that a real client sent to Apache Kafka, or got from it, without its size field. The file is explained in docs/protocol/README.md.</summary>
public sealed record RecordedFrame(int Line, ApiKey Api, short Version, bool IsRequest, string Client, byte[] Bytes)
{
    private static readonly Lazy<IReadOnlyList<RecordedFrame>> Recorded = new(Load);

    public static IReadOnlyList<RecordedFrame> All => Recorded.Value;

    public override string ToString() => $"line {Line}: {Api} v{Version} {(IsRequest ? "request" : "response")} of {Client}";

    private static List<RecordedFrame> Load()
    {
        using var reader = new StreamReader(typeof(RecordedFrame).Assembly.GetManifestResourceStream("frames.tsv")!);
        var frames = new List<RecordedFrame>();
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            var parts = text.Split('\t');
            frames.Add(new(line, Enum.Parse<ApiKey>(parts[0]), short.Parse(parts[1]), parts[2] == "request", parts[3], Convert.FromHexString(parts[4])));
        }

        return frames;
    }
}
