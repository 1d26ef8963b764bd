using System.Net;
using System.Net.Sockets;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

// Whatever a person did wrong: one sentence that says what, an exit code that says so too, and no stack trace.
public sealed class RefusedStartTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-start-");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("--something-else", "There is no switch '--something-else'. Try --help.")]
    [InlineData("--dta=/nowhere", "There is no switch '--dta'; the nearest is --data. Try --help.")]
    [InlineData("--kafak", "There is no switch '--kafak'; the nearest is --kafka.")]
    [InlineData("--Storage", "There is no switch '--Storage'; the nearest is --storage.")]
    [InlineData("serv", "There is no verb 'serv'; the nearest is serve.")]
    [InlineData("./data", "There is no verb './data'. Try --help.")]
    [InlineData("--OrleansStream:Lane:FileByte=1000000000", "OrleansStream:Lane:FileByte", "OrleansStream:Lane:FileBytes")]
    [InlineData("--OrleansStream:Lan:FileBytes=1000000000", "OrleansStream:Lan", "OrleansStream:Lane")]
    [InlineData("--OrleansStraem:Lane:FileBytes=1000000000", "OrleansStraem", "OrleansStream")]
    [InlineData("--OrleansStream:Lane:FileBytes=much", "OrleansStream:Lane:FileBytes", "much", "whole number")]
    [InlineData("--OrleansStream:Lane:FileBytes=4096", "FileBytes", "4096", "33554432")]
    [InlineData("--OrleansStream:Lane:Sync=Sometimes", "OrleansStream:Lane:Sync", "Sometimes", "Every, Interval")]
    [InlineData("--OrleansStream:Gateway:IntakeBytes=1", "OrleansStream:Gateway:IntakeBytes", "1048576")]
    [InlineData("--Kafka:num.partition=3", "num.partition", "num.partitions")]
    [InlineData("--Kafka:num.partitions=0", "num.partitions", "at least 1")]
    [InlineData("--Kafka:num.partitions=three", "num.partitions", "three")]
    [InlineData("--Kafka:group.min.session.timeout.ms=9000000", "group.min.session.timeout.ms", "group.max.session.timeout.ms")]
    [InlineData("--Kafka:log.roll.hours=0", "log.roll.hours", "at least 1")]
    [InlineData("--Kafka:log.retention.ms=0", "log.retention.ms", "-1")]
    [InlineData("--Kafka:message.max.bytes=16777217", "message.max.bytes", "16777216")]
    [InlineData("--Kafka:authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "authorizer.class.name", "ACLs")]
    [InlineData("--Kafka:super.users=User:admin", "super.users", "remove it")]
    [InlineData("--Kafka:ssl.keystore.location=/etc/kafka.jks", "ssl.keystore.location", "TLS")]
    [InlineData("--Kafka:listener.name.outside.ssl.client.auth=required", "listener.name.outside.ssl.client.auth", "TLS")]
    [InlineData("--OrleansStream:Validation:Records=Some", "OrleansStream:Validation:Records", "WhereTheTopicAsks, Full")]
    [InlineData("--config=/nowhere/server.properties", "/nowhere/server.properties")]
    [InlineData("--Kafka:num.partitions", "--Kafka:num.partitions", "has no value")]
    [InlineData("--Kafka:listeners=PLAINTEXT://0.0.0.0:9092", "advertised.listeners")]
    [InlineData("--Kafka:listeners=SSL://localhost:9092", "SSL", "PLAINTEXT")]
    [InlineData("--Kafka:listeners=PLAINTEXT://localhost:9092,PLAINTEXT://localhost:9093", "listeners names one listener twice")]
    [InlineData("--Kafka:advertised.listeners=PLAINTEXT://one:9092,PLAINTEXT://two:9092", "advertised.listeners names PLAINTEXT twice")]
    [InlineData("--Kafka:listeners=INSIDE://localhost:9092", "INSIDE", "listener.security.protocol.map")]
    [InlineData("--http=nowhere", "--http", "HOST:PORT")]
    [InlineData("--kafka=localhost:99999", "--kafka", "65535")]
    [InlineData("--kafka=192.0.2.1:19092", "192.0.2.1:19092", "does not have that address")]
    [InlineData("--config=/nowhere/orleansstream.json", "There is no file /nowhere/orleansstream.json")]
    [InlineData("--config=", "--config", "argument missing")]
    [InlineData("--config= ", "--config is empty")]
    [InlineData("--OrleansStream:StopTimeout=soon", "OrleansStream:StopTimeout", "soon")]
    [InlineData("--OrleansStream:StopTimeout=100", "OrleansStream:StopTimeout is '100'", "00:00:03 for three seconds")]
    [InlineData("--OrleansStream:StopTimeout=-00:00:01", "OrleansStream:StopTimeout is -00:00:01", "between 00:00:01 and 1.00:00:00")]
    [InlineData("--OrleansStream:StopTimeout=100.00:00:00", "OrleansStream:StopTimeout is 100.00:00:00", "1.00:00:00")]
    [InlineData("--OrleansStream:Groups:InitialRebalanceDelay=3", "InitialRebalanceDelay is '3'", "hh:mm:ss")]
    [InlineData("--OrleansStream:Groups:InitialRebalanceDelay=-00:00:03", "OrleansStream:Groups:InitialRebalanceDelay", "between")]
    [InlineData("--OrleansStream:Groups:NewMemberJoinTimeout=60.00:00:00", "OrleansStream:Groups:NewMemberJoinTimeout", "between")]
    [InlineData("--OrleansStream:Groups:OffsetsRetention=00:00:01", "OrleansStream:Groups:OffsetsRetention", "between 00:01:00")]
    [InlineData("--OrleansStream:Gateway:RequestTimeout=60.00:00:00", "OrleansStream:Gateway:RequestTimeout", "between")]
    [InlineData("--http=http://127.0.0.1:18080", "--http is 'http://127.0.0.1:18080'", "HOST:PORT without a scheme, such as 127.0.0.1:18080")]
    [InlineData("--data=/etc/hostname", "/etc/hostname", "is a file")]
    public async Task What_is_asked_for_wrongly_is_refused_by_name(string argument, params string[] told)
    {
        await AssertRefusedAsync(argument.StartsWith("--data", StringComparison.Ordinal) ? [argument] : ["--data", Data, argument], told);

        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task A_data_directory_without_a_name_is_refused(string name) =>
        await AssertRefusedAsync(["--data", name, .. Addresses()], ["--data", "is empty"]);

    [Theory]
    [InlineData("--config", "/nowhere/orleansstream.json", "/nowhere/orleansstream.json")]
    [InlineData("--data", "/proc/orleansstream", "/proc/orleansstream")]
    [InlineData("--kafka", "nowhere", "--kafka is 'nowhere'")]
    [InlineData("--http", "nowhere", "--http is 'nowhere'")]
    public async Task A_switch_counts_before_a_verb_as_it_does_after_it(string option, string value, string told)
    {
        string[] others = [.. Addresses(), "--data", Data];
        others = [.. others.Chunk(2).Where(pair => pair[0] != option).SelectMany(pair => pair)];

        await AssertRefusedAsync([option, value, "serve", .. others], [told]);
        await AssertRefusedAsync(["serve", option, value, .. others], [told]);
    }

    [Fact]
    public async Task A_config_file_that_is_no_json_is_named()
    {
        var file = Path.Combine(_directory.FullName, "broken.json");
        await File.WriteAllTextAsync(file, "{ \"Kafka\": ");

        await AssertRefusedAsync(["--data", Data, "--config", file], [file]);

        await File.WriteAllTextAsync(file, "{\n  \"Kafka\": oops\n}");
        await AssertRefusedAsync(["--data", Data, "--config", file], [file, "line 2: 'o' is an invalid start of a value"]);
    }

    [Fact]
    public async Task Two_numbers_for_one_broker_are_refused() =>
        await AssertRefusedAsync(["--data", Data, "--Kafka:node.id=7", "--Kafka:broker.id=8"], ["node.id is 7", "broker.id is 8"]);

    [Theory]
    [InlineData("--kafka", "The Kafka listener PLAINTEXT")]
    [InlineData("--http", "health and metrics")]
    public async Task A_port_in_use_is_found_before_data_is_touched(string option, string use)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var address = other.LocalEndpoint.ToString()!;

        await AssertRefusedAsync(["--data", Data, .. Addresses(option, address)], [address, "another process", use, $"{option} HOST:PORT moves it"]);

        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("[::]", "127.0.0.1")]
    [InlineData("[::1]", "[::]")]
    public async Task A_port_that_is_to_serve_two_of_our_own_purposes_is_refused_with_both(string http, string kafka)
    {
        var port = FreePort();
        string[] addresses = ["--http", $"{http}:{port}", $"--Kafka:listeners=PLAINTEXT://{kafka}:{port}", $"--Kafka:advertised.listeners=PLAINTEXT://127.0.0.1:{port}"];

        await AssertRefusedAsync(["--data", Data, .. addresses], ["The Kafka listener PLAINTEXT cannot use", "the address of health and metrics has", $"{port}", "--kafka HOST:PORT or --http HOST:PORT moves one of them"]);

        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Two_listeners_on_one_address_and_port_are_refused_with_both()
    {
        var port = FreePort();
        string[] listeners = [$"--Kafka:listeners=INSIDE://127.0.0.1:{port},OUTSIDE://127.0.0.1:{port}", "--Kafka:listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT"];

        await AssertRefusedAsync(["--data", Data, "--http", "127.0.0.1:0", .. listeners], ["The Kafka listener OUTSIDE", $"the Kafka listener INSIDE has 127.0.0.1:{port} already", "Kafka:listeners moves one of them"]);
    }

    [Theory]
    [InlineData("PLAINTEXT://localhost:19093")]
    [InlineData("SSL://localhost:19092")]
    [InlineData("nonsense")]
    public async Task Two_ways_to_say_where_clients_connect_are_refused_unless_they_say_the_same(string listeners)
    {
        await AssertRefusedAsync(["--data", Data, "--kafka", "localhost:19092", $"--Kafka:listeners={listeners}"], ["--kafka localhost:19092", listeners, "keep one of them"]);
        await AssertRefusedAsync(["--data", Data, "--kafka", "192.0.2.1:19092", "--Kafka:listeners=plaintext://192.0.2.1:19092", "--http", "127.0.0.1:0"], ["does not have that address"]);
    }

    [Fact]
    public async Task Two_spellings_of_a_name_in_one_place_are_refused_if_their_values_differ() =>
        await AssertRefusedAsync(["--data", Data, "--Kafka:num_partitions=5", "--Kafka:Num.Partitions=7"], ["Kafka:num.partitions", "twice on the command line"]);

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_refused() =>
        await AssertRefusedAsync(["--data", "/proc/orleansstream", .. Addresses()], ["/proc/orleansstream", "cannot be written"]);

    [Fact]
    public async Task A_directory_of_a_running_broker_is_refused()
    {
        await using var first = await ServerRun.ServeAsync(Data);

        await AssertRefusedAsync(["--data", Data, .. Addresses()], [Data, "in use by another process"]);

        Assert.Equal("Ready\n", await first.GetAsync("/health/ready"));
    }

    [Fact]
    public async Task A_directory_of_a_newer_format_is_refused()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "identity"), "orleansstream-data 99\ncluster AAAAAAAAAAAAAAAAAAAAAA\nbroker 1\n");

        await AssertRefusedAsync(["--data", Data, .. Addresses()], [Data, "format 99"]);
    }

    [Fact]
    public async Task A_directory_of_something_else_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "thesis.tex"), "\\documentclass{article}");

        await AssertRefusedAsync(["--data", Data, .. Addresses()], [Data, "thesis.tex"]);

        Assert.Equal("thesis.tex", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(Data))));
    }

    [Fact]
    public async Task A_directory_of_another_broker_is_refused()
    {
        await using (var first = await ServerRun.ServeAsync(Data, "--Kafka:node.id=7")) await first.SignalAsync(Signals.Terminate);

        await AssertRefusedAsync(["--data", Data, "--Kafka:node.id=8", .. Addresses()], ["broker 7", "8"]);
    }

    [Fact]
    public async Task A_log_that_lost_acknowledged_bytes_stops_the_start_and_is_named()
    {
        await StoredLog.WriteAsync(Data);
        var damaged = StoredLog.Damage(Data);

        await AssertRefusedAsync(["--data", Data, .. Addresses()], [Path.GetFileName(damaged)]);
    }

    [Theory, InlineData(Signals.Terminate), InlineData(Signals.Kill)]
    public async Task A_damaged_catalog_stops_every_start_is_named_with_its_place_and_stays_as_it_is(int signal)
    {
        await StoredLog.WriteAsync(Data, signal);
        var damaged = StoredLog.DamageCatalog(Data);
        var before = Contents();
        for (var start = 0; start < 2; start++)
        {
            await AssertRefusedAsync(["--data", Data, .. Addresses()], [Path.GetFileName(damaged), ", byte "], isLogged: signal == Signals.Terminate);

            // A start that gets as far as the catalog has begun a session of its own; what stood there before, it leaves alone.
            Assert.All(before, file => Assert.Equal(file.Value, Hash(file.Key)));
        }
    }

    private Dictionary<string, string> Contents() => new[] { "wal", "objects" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Data, folder), "*", SearchOption.AllDirectories))
        .ToDictionary(static path => path, Hash);

    // Without the zeros at its end, which were only reserved.
    private static string Hash(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(0, bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1)));
    }

    // It may hold a password.
    [Fact]
    public async Task A_line_of_a_properties_file_that_is_no_setting_is_named_by_its_number_and_not_repeated()
    {
        var file = Path.Combine(_directory.FullName, "server.properties");
        await File.WriteAllTextAsync(file, "num.partitions=1\nnum.partitions=2\nssl.keystore.password hunter2\n");
        await using var run = ServerRun.Start("--data", Data, "--config", file);

        Assert.Equal(1, await run.EndAsync());
        Assert.Equal($"Line 3 of the configuration file '{file}' is no setting; one is written name=value.", run.Errors.Trim());
    }

    [Fact]
    public async Task Of_a_name_that_stands_twice_in_a_properties_file_the_last_value_counts_and_the_last_line_may_go_on()
    {
        var file = Path.Combine(_directory.FullName, "server.properties");
        await File.WriteAllTextAsync(file, "num.partitions=1\nNum.Partitions=three\\");

        await AssertRefusedAsync(["--data", Data, "--config", file], ["num.partitions", "three"]);
    }

    // Free a moment ago: what is tested is refused before anybody else's use of it would count.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string[] Addresses(string option = "", string address = "")
    {
        var kafka = option == "--kafka" ? address : "127.0.0.1:0";
        var http = option == "--http" ? address : "127.0.0.1:0";
        return ["--kafka", kafka, "--http", http];
    }

    private static async Task AssertRefusedAsync(string[] arguments, string[] told, bool isLogged = false)
    {
        await using var run = ServerRun.Start(arguments);

        var exitCode = await run.EndAsync();

        Assert.True(exitCode == 1, $"exit code {exitCode}\n{run.Output}\n{run.Errors}");
        if (!isLogged) Assert.Equal("", run.Output);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Single(run.Errors.Trim().Split('\n'));
        Assert.All(told, part => Assert.Contains(part, run.Errors, StringComparison.Ordinal));
    }
}
