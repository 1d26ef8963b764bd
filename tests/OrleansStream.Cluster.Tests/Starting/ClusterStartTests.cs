using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Starting;

// A broker of a cluster that cannot be one: what is wrong is said in a sentence, and no secret is repeated.
public sealed class ClusterStartTests
{
    private const string Storage = "OrleansStream__Storage";
    private const int Generation = 1;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--storage= ", "--storage is empty")]
    [InlineData("--storage=somewhere", "--storage (OrleansStream:Storage) cannot be read", "an account URL such as https://NAME.blob.core.windows.net, or a connection string")]
    [InlineData("--storage=http://account.blob.core.windows.net", "--storage (OrleansStream:Storage) is http://account.blob.core.windows.net/", "https only")]
    [InlineData("--storage=https://account.blob.core.windows.net?sv=1&sig=secret", "--storage (OrleansStream:Storage) carries a signature", "a signature belongs in a connection string")]
    [InlineData("--storage=https://account.blob.core.windows.net/ConnectionString", "--storage (OrleansStream:Storage) is https://account.blob.core.windows.net/ConnectionString; it must end with the host's name")]
    [InlineData("--OrleansStream:Blobs:Container=A", "Container is 'A'")]
    [InlineData("--silo=localhost:11111", "--silo is 'localhost:11111'", "IP address")]
    [InlineData("--silo=0.0.0.0:11111", "--silo is '0.0.0.0:11111'", "OrleansStream:SiloListen")]
    [InlineData("--silo=127.0.0.1:0", "--silo is '127.0.0.1:0'", "1 to 65535")]
    [InlineData("--id=one", "--id is 'one'; it takes a whole number from 0")]
    [InlineData("--id=-1", "--id is '-1'")]
    [InlineData("--id=2147483648", "--id is '2147483648'")]
    [InlineData("--OrleansStream:ClusterId=a/b", "ClusterId is 'a/b'")]
    [InlineData("--OrleansStream:StorageTimeout=00:00:00", "StorageTimeout", "00:00:01")]
    public async Task What_is_asked_for_wrongly_is_refused_by_name(string argument, params string[] told)
    {
        var isStorage = argument.StartsWith("--storage", StringComparison.Ordinal);
        string[] addresses = [.. Addresses().Chunk(2).Where(pair => !argument.StartsWith(pair[0], StringComparison.Ordinal)).SelectMany(pair => pair)];
        await using var run = ServerRun.Start([.. isStorage ? [] : (string[])["--storage", "UseDevelopmentStorage=true"], argument, .. addresses]);

        Assert.Equal(1, await run.EndAsync());
        Assert.All(told, part => Assert.Contains(part, run.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Errors, StringComparison.Ordinal);

        // Names that nobody typed.
        Assert.DoesNotContain("OrleansStream:Blobs:ConnectionString", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("OrleansStream:Blobs:AccountUrl", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("node.id", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storage_that_is_out_of_reach_is_tried_until_the_time_is_over()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0); // Bound and not listening: refuses every connection.
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        var account = $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:{port}/a;TableEndpoint=http://127.0.0.1:{port}/a";

        await using var run = ServerRun.Start(
            new Dictionary<string, string> { [Storage] = account }, ["--OrleansStream:StorageTimeout=00:00:02", "--OrleansStream:Blobs:MaxReadRetries=0", .. Addresses()]);

        Assert.Equal(1, await run.EndAsync());
        Assert.Contains("the next try comes in", run.Errors, StringComparison.Ordinal);
        Assert.Contains("could not be reached within 00:00:02", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    // The table alone goes away, when everything in the container has been found and the table is there.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_waits_for_storage_that_goes_away_while_it_looks_at_the_members(bool comesBack)
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        var link = new Link("members");
        var reads = 0;
        await using var table = new TcpProxy(azurite.TablePort, _ => link, head =>
        {
            if (head.Method == "GET" && Interlocked.Increment(ref reads) == 1) link.Apply(new LinkFault.Cut());
        });
        await using var run = ServerRun.Start(
            new Dictionary<string, string> { [Storage] = azurite.ConnectionStringThrough(azurite.BlobPort, table.Port) },
            [$"--OrleansStream:StorageTimeout={(comesBack ? "00:01:00" : "00:00:02")}", .. Addresses()]);

        if (comesBack)
        {
            await run.UntilAsync(() => run.Errors.Contains("The storage account cannot be reached; the next try comes in", StringComparison.Ordinal));
            link.Apply(null);
            await run.AnnouncedAsync();
        }
        else
        {
            Assert.Equal(1, await run.EndAsync());
            Assert.Contains("could not be reached within 00:00:02: Reading of 'the membership table' failed: no answer came", run.Errors, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_storage_it_is_and_who_may_have_a_number_is_found_out_before_clients_come()
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        var environment = new Dictionary<string, string> { [Storage] = azurite.ConnectionString };
        var silo = FreePorts.Take();
        await using var first = ServerRun.Start(environment, ["--id", "7", "--OrleansStream:ClusterId=ours", .. Addresses(silo)]);
        await first.AnnouncedAsync();

        // Somebody else's key.
        var stranger = azurite.ConnectionString.Replace(AzuriteProcess.AccountKey, "c3RyYW5nZXI=", StringComparison.Ordinal);
        await using var refused = ServerRun.Start(new Dictionary<string, string> { [Storage] = stranger }, Addresses());
        Assert.Equal(1, await refused.EndAsync());
        Assert.Contains("403", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("c3RyYW5nZXI", refused.Errors, StringComparison.Ordinal);

        await using var other = ServerRun.Start(environment, ["--id", "8", "--OrleansStream:ClusterId=theirs", .. Addresses()]);
        Assert.Equal(1, await other.EndAsync());
        Assert.Contains("belongs to cluster ours; OrleansStream:ClusterId says theirs", other.Errors, StringComparison.Ordinal);

        await using var here = ServerRun.Start(environment, ["--id", "8", .. Addresses(silo)]);
        Assert.Equal(1, await here.EndAsync());
        Assert.Contains($"127.0.0.1:{silo}: another process listens there", here.Errors, StringComparison.Ordinal);

        var told = first.Bootstrap;
        await using var twin = ServerRun.Start(environment, ["--id", "8", .. Addresses(), $"--Kafka:advertised.listeners=PLAINTEXT://{told}"]);
        Assert.Equal(1, await twin.EndAsync());
        Assert.Contains($"Broker 7 of this cluster advertises {told} already", twin.Errors, StringComparison.Ordinal);
        foreach (var failed in new[] { refused, other, here, twin }) Assert.DoesNotContain("   at ", failed.Errors, StringComparison.Ordinal);
    }

    // As when it stood still until a start of another process under its number had waited long enough.
    [Fact]
    public async Task A_broker_whose_number_another_process_took_ends_with_a_sentence()
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        await using var broker = ServerRun.Start(new Dictionary<string, string> { [Storage] = azurite.ConnectionString }, ["--id", "7", .. Addresses()]);
        await broker.AnnouncedAsync();

        var undecided = new UndecidedPuts(TimeProvider.System, new Random(1), TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30));
        var container = await BlobAccount.OpenAsync(new BlobAccountOptions { ConnectionString = azurite.ConnectionString }, TimeProvider.System, credential: null, Cancelled);
        var registry = new BlobBrokerRegistry(container, undecided, Generation);
        var stands = (await registry.GetAsync(new BrokerId(7), Cancelled))!;
        var write = await registry.CompareAndSetAsync(stands.Record with { SiloAddress = "127.0.0.1:1@1", Session = default }, stands.ETag, Cancelled);
        Assert.Equal(ManifestOutcome.Written, write.Outcome);
        var sessions = new BlobSessionStore(container, undecided, Generation);
        var recovery = new SessionRecovery(new RecoverySetup { Container = container, Sessions = sessions, Undecided = undecided, ClusterGeneration = Generation });
        await recovery.RecoverAsync(stands.Record.Session, Cancelled);

        // Its next block meets the fence, and its next session the other one's record.
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build())
        {
            _ = admin.CreateTopicsAsync([new TopicSpecification { Name = "any", NumPartitions = 1, ReplicationFactor = 1 }]);
            Assert.Equal(1, await broker.EndAsync());
        }

        Assert.Contains("Broker 7 is at 127.0.0.1:1@1: this process has no right to the number.", broker.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", broker.Errors, StringComparison.Ordinal);
    }

    // The one that runs shows that it lives: whoever comes waits for three of its heartbeats, and leaves.
    [Fact]
    public async Task Of_two_processes_with_one_number_the_first_goes_on_and_the_second_ends_with_a_sentence()
    {
        await using var azurite = await AzuriteProcess.StartAsync(Cancelled);
        var environment = new Dictionary<string, string> { [Storage] = azurite.ConnectionString };
        var silo = FreePorts.Take();
        await using var first = ServerRun.Start(environment, ["--id", "7", .. Addresses(silo)]);
        await first.AnnouncedAsync();
        await StoredLog.ProduceAsync(first.Bootstrap);

        await using var second = ServerRun.Start(environment, ["--id", "7", .. Addresses()]);

        Assert.Equal(1, await second.EndAsync());
        var told = Assert.Single(second.Errors.Split('\n'), static line => line.Contains("Broker 7", StringComparison.Ordinal));
        Assert.Contains($"Broker 7 is at 127.0.0.1:{silo}@", told, StringComparison.Ordinal);
        Assert.Contains("this process has no right to the number.", told, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
        await StoredLog.ProduceAsync(first.Bootstrap);
        Assert.Equal(2 * StoredLog.Records, StoredLog.Count(first.Bootstrap));
        Assert.Equal(200, (await first.AskAsync("/health/ready")).Status);
    }

    private static string[] Addresses(int? silo = null) => ["--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "--silo", $"127.0.0.1:{silo ?? FreePorts.Take()}"];
}
