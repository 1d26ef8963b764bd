using System.Net;
using System.Text;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class TracingTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-traces-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Requests_are_traced_to_where_the_environment_says()
    {
        var address = $"http://127.0.0.1:{FreePorts.Take()}";
        using var collector = new HttpListener { Prefixes = { address + "/" } };
        collector.Start();
        var received = ReceiveAsync(collector);
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" };
        await using var run = ServerRun.Start(environment, "--data", _directory.FullName, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0");
        await run.AnnouncedAsync();
        await StoredLog.ProduceAsync(run.Bootstrap);

        // What is traced goes out in batches, the last one when the broker stops.
        await run.SignalAsync(Signals.Terminate);

        var (path, body) = await received.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("/v1/traces", path);
        Assert.Contains("orleansstream", body, StringComparison.Ordinal);
        Assert.Contains("ApiVersions", body, StringComparison.Ordinal);
        Assert.Contains("Produce", body, StringComparison.Ordinal);
    }

    private static async Task<(string Path, string Body)> ReceiveAsync(HttpListener collector)
    {
        var context = await collector.GetContextAsync();
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        context.Response.Close();
        return (context.Request.Url!.AbsolutePath, Encoding.Latin1.GetString(body.ToArray()));
    }
}
