using Confluent.Kafka;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

// What a person learns who asks whether a cluster's container is whole.
public sealed class ClusterVerifyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_is_judged_while_its_brokers_run_and_what_is_damaged_is_told_by_name()
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        var environment = new Dictionary<string, string> { ["OrleansStream__Storage"] = azurite.ConnectionString };
        await using var broker = ServerRun.Start(environment, ["--id", "1", "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "--silo", $"127.0.0.1:{FreePorts.Take()}"]);
        await broker.AnnouncedAsync();
        using (var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = broker.Bootstrap, EnableIdempotence = true }).Build())
        {
            for (var record = 0; record < 100; record++) producer.Produce("orders", new() { Key = $"{record}", Value = "worth keeping" });
            producer.Flush(Cancelled);
        }

        var (exitCode, output, errors) = await VerifyAsync(environment);
        Assert.True(exitCode == 0, $"{output}\n{errors}");
        Assert.Contains("Container orleansstream of the storage account of the connection string is whole.", output, StringComparison.Ordinal);
        Assert.Contains("named by no manifest", output, StringComparison.Ordinal);

        Signals.Send(broker.ProcessId, Signals.Kill);
        await broker.EndAsync();
        var damaged = await DamageAsync(azurite);
        (exitCode, output, _) = await VerifyAsync(environment);
        Assert.Equal(1, exitCode);
        Assert.Contains($"{damaged}, byte ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(AzuriteProcess.AccountKey, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_not_made()
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        var environment = new Dictionary<string, string> { ["OrleansStream__Storage"] = azurite.ConnectionString };

        foreach (var _ in new[] { 1, 2 })
        {
            var (exitCode, output, errors) = await VerifyAsync(environment);
            Assert.Equal((2, ""), (exitCode, output));
            Assert.Contains("the container is gone", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }
    }

    private static async Task<(int ExitCode, string Output, string Errors)> VerifyAsync(IReadOnlyDictionary<string, string> environment)
    {
        await using var run = ServerRun.Start(environment, "verify");
        return (await run.EndAsync(), run.Output, run.Errors);
    }

    // The first block that has records, in the middle.
    private static async Task<string> DamageAsync(AzuriteProcess azurite)
    {
        var container = await BlobAccount.OpenAsync(new BlobAccountOptions { ConnectionString = azurite.ConnectionString }, TimeProvider.System, credential: null, Cancelled);
        await foreach (var blob in container.ListAsync("w/", Cancelled))
        {
            var content = (await container.GetAsync(blob.Name, 1 << 24, Cancelled))!;
            var at = content.Bytes.AsSpan().IndexOf("worth keeping"u8);
            if (at < 0) continue;
            content.Bytes[at] ^= 1;
            var put = await container.PutAsync(blob.Name, new(content.Bytes), content.ETag, Guid.Empty, Cancelled);
            Assert.Equal(BlobOutcome.Written, put.Outcome);
            return blob.Name;
        }

        throw new InvalidOperationException("No block has a record.");
    }
}
