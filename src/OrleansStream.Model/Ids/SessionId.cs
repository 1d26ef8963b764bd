using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace OrleansStream.Model.Ids;

/// <summary>One life of a lane, <c>{broker id}-{guid}</c>: a name that is never used again.</summary>
public readonly record struct SessionId(BrokerId Broker, Guid Unique)
{
    /// <summary>What block headers carry of the name: XxHash3 with seed 0 over its text as UTF-8.</summary>
    public ulong Hash => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(ToString()));

    public static SessionId Parse(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 1
            ? throw new FormatException($"'{text}' is no session: expected a broker id, a dash and 32 hexadecimal digits.")
            : new SessionId(new BrokerId(int.Parse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture)), Guid.ParseExact(text[(dash + 1)..], "N"));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Broker}-{Unique:N}");
}
