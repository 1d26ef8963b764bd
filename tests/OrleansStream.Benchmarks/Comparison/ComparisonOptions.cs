using System.Globalization;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>What one run of the comparison does; from the command line.</summary>
internal sealed class ComparisonOptions
{
    public const string Usage = """
        compare [--row PATTERN]... [--rounds N] [--mb N] [--warm-mb N] [--seconds N] [--sync on|off|both]
                [--ours-only | --kafka-only] [--ours KEY=VALUE]... [--relaxed KEY=VALUE] [--client KEY=VALUE]...
                [--data DIR] [--out FILE] [--list]
          --row      only rows whose name matches, for example produce-1k-6, 'produce-*', start (default: all)
          --rounds   rounds of each row (default 3; 5 for latency)
          --mb       payload megabytes of each run (default 500); --warm-mb: before the first one (default 500)
          --seconds  length of a latency run (default 30)
          --sync     off: Kafka as it is shipped; on: Kafka with log.flush.interval.messages=1 (default both)
          --relaxed  the option that lets our broker acknowledge before it syncs, for --sync off (default: it always syncs)
          --ours     a further option of our server
          --client   a further librdkafka setting of the producer, for both sides
          --data     where both brokers keep their data (default: artifacts/compare)
          --out      also write the table as markdown into this file
        """;

    public List<string> Rows { get; } = [];

    public int? Rounds { get; private set; }

    public long RunBytes { get; private set; } = 500_000_000;

    public long WarmUpBytes { get; private set; } = 500_000_000;

    public TimeSpan LatencyDuration { get; private set; } = TimeSpan.FromSeconds(30);

    public List<bool> SyncModes { get; } = [false, true];

    public bool Ours { get; private set; } = true;

    public bool Kafka { get; private set; } = true;

    public Dictionary<string, string> OursOptions { get; } = [];

    public List<(string Name, string Value)> ClientSettings { get; } = [];

    public KeyValuePair<string, string>? Relaxed { get; private set; }

    public string? DataDirectory { get; private set; }

    public string? OutputFile { get; private set; }

    public bool List { get; private set; }

    /// <summary>Reads the command line; an unknown or unfinished switch is an <see cref="ArgumentException"/> that names it.</summary>
    public static ComparisonOptions Parse(IEnumerable<string> arguments)
    {
        var options = new ComparisonOptions();
        using var rest = arguments.GetEnumerator();
        while (rest.MoveNext()) options.Apply(rest.Current, () => rest.MoveNext() ? rest.Current : throw new ArgumentException("A switch lacks its value."));
        return options;
    }

    private void Apply(string name, Func<string> value)
    {
        switch (name)
        {
            case "--row": Rows.Add(value()); break;
            case "--rounds": Rounds = (int)Number(value()); break;
            case "--mb": RunBytes = Number(value()) * 1_000_000; break;
            case "--warm-mb": WarmUpBytes = Number(value()) * 1_000_000; break;
            case "--seconds": LatencyDuration = TimeSpan.FromSeconds(Number(value())); break;
            case "--sync": SetSync(value()); break;
            case "--ours-only": Kafka = false; break;
            case "--kafka-only": Ours = false; break;
            case "--ours": var pair = Pair(value()); OursOptions[pair.Key] = pair.Value; break;
            case "--client": var setting = Pair(value()); ClientSettings.Add((setting.Key, setting.Value)); break;
            case "--relaxed": Relaxed = Pair(value()); break;
            case "--data": DataDirectory = value(); break;
            case "--out": OutputFile = value(); break;
            case "--list": List = true; break;
            default: throw new ArgumentException($"Unknown switch {name}.");
        }
    }

    private void SetSync(string mode)
    {
        SyncModes.Clear();
        if (mode is "off" or "both") SyncModes.Add(false);
        if (mode is "on" or "both") SyncModes.Add(true);
        if (SyncModes.Count == 0) throw new ArgumentException($"--sync is {mode}; it must be on, off or both.");
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ArgumentException($"{text} is not a number.");

    private static KeyValuePair<string, string> Pair(string text) =>
        text.Split('=', 2) is [var key, var value] ? new(key, value) : throw new ArgumentException($"{text} is not KEY=VALUE.");
}
