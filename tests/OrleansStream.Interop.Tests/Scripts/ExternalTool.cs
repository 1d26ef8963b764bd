using System.Diagnostics;
using System.Text;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>A program of somebody else's that is run to its end, or until it has said enough.</summary>
internal static class ExternalTool
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Runs a program and returns what it wrote to standard output; a non-zero exit code fails the test, with everything it wrote.</summary>
    /// <param name="input">What it reads from standard input.</param>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        var result = await TryRunAsync(program, arguments, input);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}.\n{result.Output}\n{result.Errors}");
        return result.Output;
    }

    /// <summary>Runs a program whatever its exit code will be. Two minutes are too long for any of them.</summary>
    public static async Task<ToolResult> TryRunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(input), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return new(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} ran for more than {Limit.TotalSeconds:0} s.");
        }
    }
}
