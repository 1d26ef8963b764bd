using System.Diagnostics;
using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.JavaTools;

/// <summary>A standalone Kafka Connect worker that copies a file to a topic and the topic to another file.</summary>
public sealed class ConnectTests(BrokerUnderTest broker)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Connect_copies_every_line_of_a_file_through_a_topic_into_another_file()
    {
        var script = JavaTool.PathOf("bin/connect-standalone.sh");
        var folder = Directory.CreateTempSubdirectory("orleansstream-connect-");
        var lines = Enumerable.Range(0, 2_000).Select(index => $"line {index}").ToList();
        var (from, into) = (Path.Combine(folder.FullName, "from"), Path.Combine(folder.FullName, "into"));
        await File.WriteAllLinesAsync(from, lines);
        var topic = broker.NewName("java-connect");
        string[] arguments =
        [
            await WriteAsync(folder, "worker", Worker(folder)),
            await WriteAsync(folder, "source", $"name=source\nconnector.class=FileStreamSource\ntasks.max=1\nfile={from}\ntopic={topic}\n"),
            await WriteAsync(folder, "sink", $"name=sink\nconnector.class=FileStreamSink\ntasks.max=1\nfile={into}\ntopics={topic}\n"),
        ];

        using var worker = Process.Start(new ProcessStartInfo(script, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // Its talk is only wanted when it fails, but somebody has to take it.
        var (output, errors) = (worker.StandardOutput.ReadToEndAsync(), worker.StandardError.ReadToEndAsync());
        var watch = Stopwatch.StartNew();
        while (Count(into) < lines.Count && watch.Elapsed < Limit && !worker.HasExited) await Task.Delay(100);
        Signals.Send(worker.Id, Signals.Terminate);
        await worker.WaitForExitAsync();

        Assert.True(File.Exists(into), $"{await output}\n{await errors}");
        Assert.Equal(lines, await File.ReadAllLinesAsync(into));
        folder.Delete(recursive: true);
    }

    private static int Count(string path) => File.Exists(path) ? File.ReadLines(path).Count() : 0;

    private static async Task<string> WriteAsync(DirectoryInfo folder, string name, string content)
    {
        var path = Path.Combine(folder.FullName, $"{name}.properties");
        await File.WriteAllTextAsync(path, content);
        return path;
    }

    private string Worker(DirectoryInfo folder) => $"""
        bootstrap.servers={broker.Bootstrap}
        key.converter=org.apache.kafka.connect.storage.StringConverter
        value.converter=org.apache.kafka.connect.storage.StringConverter
        offset.storage.file.filename={Path.Combine(folder.FullName, "offsets")}
        offset.flush.interval.ms=1000
        listeners=http://127.0.0.1:{FreePorts.Take()}
        plugin.path={string.Join(',', Directory.GetFiles(JavaTool.PathOf("libs"), "connect-file-*.jar"))}
        consumer.auto.offset.reset=earliest

        """;
}
