using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace OrleansStream.Server.Http;

/// <summary>Prometheus' text format, version 0.0.4.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>The instrument's name with underscores, its unit at the end, and _total for counters.</summary>
    public static string NameOf(Instrument instrument, bool isCounter)
    {
        var name = Legal(instrument.Name);
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", "ms" => "_milliseconds", _ => "" };
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal) && !name.Contains(unit + "_", StringComparison.Ordinal))
        {
            name += unit;
        }

        return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    public static string Label(string name, object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return $"{Legal(name)}=\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
    }

    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public void Head(string name, string description, string kind)
    {
        if (description.Length > 0)
        {
            _text.Append("# HELP ").Append(name).Append(' ').Append(description.Replace("\n", " ", StringComparison.Ordinal)).Append('\n');
        }

        _text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
    }

    public void Line(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    public override string ToString() => _text.ToString();

    private static string Legal(string name) => string.Create(name.Length, name, static (into, from) =>
    {
        for (var index = 0; index < into.Length; index++)
        {
            into[index] = char.IsAsciiLetterOrDigit(from[index]) ? char.ToLowerInvariant(from[index]) : '_';
        }
    });
}
