using OrleansStream.Interop.Tests.Scripts;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.JavaTools;

/// <summary>The command-line tools of Apache Kafka in KAFKA_HOME; a test that needs them is skipped where it is not set.</summary>
internal static class JavaTool
{
    /// <summary>A file of KAFKA_HOME.</summary>
    public static string PathOf(string file)
    {
        Assert.SkipWhen(Repository.KafkaHome is null, "KAFKA_HOME is not set: Apache Kafka's own tools are not tried.");
        return Path.Combine(Repository.KafkaHome, file);
    }

    /// <summary>Runs bin/<paramref name="tool"/>.sh to its end; a non-zero exit code fails the test.</summary>
    public static Task<string> RunAsync(string tool, string bootstrap, params IEnumerable<string> arguments) =>
        ExternalTool.RunAsync(PathOf($"bin/{tool}.sh"), ["--bootstrap-server", bootstrap, .. arguments]);

    /// <summary>The same for a tool that reads standard input.</summary>
    public static Task<string> FeedAsync(string tool, string bootstrap, string input, params IEnumerable<string> arguments) =>
        ExternalTool.RunAsync(PathOf($"bin/{tool}.sh"), ["--bootstrap-server", bootstrap, .. arguments], input);
}
