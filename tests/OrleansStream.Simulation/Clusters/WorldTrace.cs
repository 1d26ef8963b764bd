using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace OrleansStream.Simulation.Clusters;

/// <summary>What happened in a world, in order: its hash, and the last of it for a person.</summary>
internal sealed class WorldTrace
{
    private const int Kept = 400;

    // Every event of a schedule, to reduce what a seed has found.
    private static readonly bool Traces = Environment.GetEnvironmentVariable("SIMULATION_TRACE") is not null;

    private readonly XxHash64 _hash = new();
    private readonly Queue<(TimeSpan When, string Text)> _last = new();

    public ulong Hash => _hash.GetCurrentHashAsUInt64();

    public void Add(TimeSpan when, string text)
    {
        _hash.Append(MemoryMarshal.AsBytes(text.AsSpan()));
        if (Traces) Console.Error.WriteLine(LineOf((when, text)));
        _last.Enqueue((when, text));
        if (_last.Count > Kept) _last.Dequeue();
    }

    public override string ToString() => string.Join('\n', _last.Select(LineOf));

    private static string LineOf((TimeSpan When, string Text) happened) => $"{happened.When.TotalSeconds:0.0000} {happened.Text}";
}
