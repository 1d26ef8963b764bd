using System.Text.Json;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class VerifyTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-verify-");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_directory_that_a_crash_left_is_whole_and_is_left_as_it_was()
    {
        await StoredLog.WriteAsync(Data);
        var before = Fingerprint();

        var (exitCode, output, _) = await VerifyAsync();

        Assert.Equal(0, exitCode);
        Assert.Contains("is whole", output, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint());
    }

    [Fact]
    public async Task Damage_is_told_with_file_and_byte()
    {
        await StoredLog.WriteAsync(Data);
        var file = StoredLog.Damage(Data);

        var (exitCode, output, _) = await VerifyAsync();

        Assert.Equal(1, exitCode);
        var told = output.Split('\n')[0];
        Assert.StartsWith($"wal/{Path.GetFileName(file)}, byte ", told, StringComparison.Ordinal);
        var place = told[..told.IndexOf(": ", StringComparison.Ordinal)].Replace(", byte", "', byte", StringComparison.Ordinal);
        Assert.DoesNotContain($"'{place}:", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Partitions_are_told_by_name_and_id()
    {
        await StoredLog.WriteAsync(Data);
        StoredLog.Damage(Data);

        var (_, named, _) = await VerifyAsync();
        Assert.Matches($"Partition {StoredLog.Topic}-0 \\([0-9a-f]{{32}}/0\\)", named);
        Assert.DoesNotContain("by their ids alone", named, StringComparison.Ordinal);
    }

    // The topic's creation is the last change of the catalog: that it is gone leaves no hole, so nothing may be said of the catalog being whole.
    [Fact]
    public async Task Partitions_are_told_by_id_alone_where_the_catalog_s_names_cannot_be_read()
    {
        await StoredLog.WriteAsync(Data);
        StoredLog.DamageCatalog(Data);
        StoredLog.DamageFirst(Data);

        var (exitCode, output, _) = await VerifyAsync();

        Assert.Equal(1, exitCode);
        Assert.Matches("Partition [0-9a-f]{32}/0: offsets", output);
        Assert.DoesNotContain(StoredLog.Topic, output, StringComparison.Ordinal);
        Assert.Contains("whether changes behind the last one were lost cannot be told", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_in_use_is_not_judged()
    {
        await using var broker = await ServerRun.ServeAsync(Data);

        var (exitCode, _, errors) = await VerifyAsync();

        Assert.Equal(2, exitCode);
        Assert.Contains("in use by another process", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_not_there_cannot_be_read()
    {
        var (exitCode, _, errors) = await VerifyAsync();

        Assert.Equal(2, exitCode);
        Assert.Contains(Data, errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task The_directory_may_be_named_wherever_serve_takes_its_name()
    {
        await StoredLog.WriteAsync(Data);
        var config = Path.Combine(_directory.FullName, "orleansstream.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new { OrleansStream = new { Data } }));

        string[][] ways = [["--data", Data, "verify"], ["--config", config, "verify"], ["verify", "--config", config], ["verify", $"--OrleansStream:Data={Data}"]];
        foreach (var way in ways)
        {
            var (exitCode, output, errors) = await VerifyAsync(way);

            Assert.Equal((0, $"{Data} is whole.", ""), (exitCode, output.Trim(), errors));
        }
    }

    [Theory]
    [InlineData("--data", "--data (OrleansStream:Data) is empty")]
    [InlineData("--config", "--config is empty")]
    public async Task A_switch_without_a_value_verifies_nothing(string option, string told)
    {
        var (exitCode, output, errors) = await VerifyAsync("verify", option, "");

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(told, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_data_directory_is_not_called_damaged()
    {
        var (exitCode, output, errors) = await VerifyAsync("verify", "--data", _directory.FullName);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("is not a data directory", errors, StringComparison.Ordinal);
        Assert.Empty(_directory.EnumerateFileSystemInfos());
    }

    [Theory]
    [InlineData("--bogus")]
    [InlineData("--OrleansStream:Data")]
    [InlineData("--OrleansStream:Nothing=1")]
    public async Task A_command_that_cannot_be_understood_is_not_answered_as_damage_is(string argument)
    {
        var (exitCode, output, errors) = await VerifyAsync("verify", argument);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(argument.Split('=')[0].TrimStart('-'), errors, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Output, string Errors)> VerifyAsync(params string[] arguments)
    {
        await using var run = ServerRun.Start(arguments is [] ? ["verify", "--data", Data] : arguments);
        var exitCode = await run.EndAsync();
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        return (exitCode, run.Output, run.Errors);
    }

    private List<(string, long, DateTime)> Fingerprint() =>
        [.. new DirectoryInfo(Data).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName).Select(file => (file.FullName, file.Length, file.LastWriteTimeUtc))];
}
