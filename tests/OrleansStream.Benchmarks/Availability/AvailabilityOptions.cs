using System.Globalization;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>What one run of the availability measurements does; from the command line.</summary>
internal sealed class AvailabilityOptions
{
    public const string Usage = """
        availability [--row NAME]... [--rounds N] [--broker KEY=VALUE]... [--out FILE] [--list]
          --row     only this row, for example kill (default: all)
          --rounds  rounds of rows that are repeated (default: as each row says)
          --broker  a further option of each broker, for example Kafka:num.partitions=3
          --out     also write the tables as markdown into this file
        """;

    public List<string> Rows { get; } = [];

    public int? Rounds { get; private set; }

    public Dictionary<string, string> BrokerOptions { get; } = [];

    public string? OutputFile { get; private set; }

    public bool List { get; private set; }

    /// <summary>Reads the command line; an unknown or unfinished switch is an <see cref="ArgumentException"/> that names it.</summary>
    public static AvailabilityOptions Parse(IEnumerable<string> arguments)
    {
        var options = new AvailabilityOptions();
        using var rest = arguments.GetEnumerator();
        while (rest.MoveNext()) options.Apply(rest.Current, () => rest.MoveNext() ? rest.Current : throw new ArgumentException("A switch lacks its value."));
        return options;
    }

    private void Apply(string name, Func<string> value)
    {
        switch (name)
        {
            case "--row": Rows.Add(value()); break;
            case "--rounds": Rounds = Number(value()); break;
            case "--broker": var pair = value().Split('=', 2); BrokerOptions[pair[0]] = pair is [_, var text] ? text : throw new ArgumentException($"{pair[0]} is not KEY=VALUE."); break;
            case "--out": OutputFile = value(); break;
            case "--list": List = true; break;
            default: throw new ArgumentException($"Unknown switch {name}.");
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new ArgumentException($"{text} is not a number above 0.");
}
