using System.Diagnostics;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.Kcat;

/// <summary>A kcat that reads as a member of a group until it is disposed, which makes it leave. It prints each record's value.</summary>
internal sealed partial class KcatMember : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _values = [];
    private int[] _owned = [];

    public KcatMember(string bootstrap, string group, string topic)
    {
        string[] settings = ["auto.offset.reset=earliest", "session.timeout.ms=10000", "heartbeat.interval.ms=300"];
        var arguments = new List<string> { "-b", bootstrap, "-u", "-f", "%s\\n" };
        foreach (var setting in settings) arguments.AddRange(["-X", setting]);
        arguments.AddRange(["-G", group, topic]);
        _process = Process.Start(new ProcessStartInfo("kcat", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException("kcat did not start.");
        _process.OutputDataReceived += (_, line) => Note(() => _values.Add(line.Data!), line.Data);
        _process.ErrorDataReceived += (_, line) => Note(() => Remark(line.Data!), line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The partitions that it said it owns.</summary>
    public int[] Owned
    {
        get { lock (_lock) return _owned; }
    }

    /// <summary>The values read so far.</summary>
    public string[] Values
    {
        get { lock (_lock) return [.. _values]; }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Signals.Send(_process.Id, Signals.Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Note(Action note, string? line)
    {
        if (line is null) return;
        lock (_lock) note();
    }

    // "% Group g rebalanced (memberid m): assigned: topic [0], topic [1]"; "revoked: ..." says what it had.
    private void Remark(string line)
    {
        if (line.Contains("revoked:", StringComparison.Ordinal)) _owned = [];
        if (line.Contains("assigned:", StringComparison.Ordinal)) _owned = [.. Partition().Matches(line).Select(match => int.Parse(match.Groups[1].Value)).Order()];
    }

    [GeneratedRegex(@" \[(\d+)\]")]
    private static partial Regex Partition();
}
