using System.Diagnostics;
using System.Runtime.InteropServices;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

// Other tests start the assembly with whichever dotnet runs them; this is the file that people start.
public sealed class ExecutableTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-executable-");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_executable_orleansstream_verifies_a_data_directory()
    {
        await StoredLog.WriteAsync(Data);

        var (exitCode, output) = await RunAsync("verify", "--data", Data);

        Assert.True(exitCode == 0, output);
        Assert.Contains("is whole", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_executable_orleansstream_serves_when_no_verb_is_given()
    {
        var (exitCode, output) = await RunAsync("--data", "/proc/orleansstream", "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0");

        Assert.Equal(1, exitCode);
        Assert.Contains("/proc/orleansstream", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_says_what_people_type()
    {
        var (exitCode, output) = await RunAsync("--help");

        Assert.Equal(0, exitCode);
        Assert.Matches(@"Usage:\s+orleansstream \[", output);
        Assert.Contains(".properties file", output, StringComparison.Ordinal);
        Assert.DoesNotContain("OrleansStream.Server", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Path.GetDirectoryName(Repository.ServerAssembly())!, "orleansstream"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        // The runtime that runs this test, wherever it is installed: .../shared/Microsoft.NETCore.App/10.0.x/
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output + await errors);
    }
}
