using System.Globalization;

namespace OrleansStream.Testing.Proxies;

/// <summary>What stands before the body of an HTTP request, as far as a proxy has to know it.</summary>
public sealed record RequestHead(string Method, string Target, long ContentLength, bool IsChunked, bool ExpectsContinue)
{
    /// <exception cref="InvalidDataException">It is none.</exception>
    internal static RequestHead Parse(string text)
    {
        var lines = text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0].Split(' ') is not [var method, var target, _]) throw new InvalidDataException($"'{lines.FirstOrDefault()}' begins no HTTP request.");
        return new(
            method,
            target,
            long.Parse(ValueOf("Content-Length") ?? "0", CultureInfo.InvariantCulture),
            ValueOf("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true,
            ValueOf("Expect")?.StartsWith("100", StringComparison.Ordinal) == true);

        string? ValueOf(string name) => lines.Skip(1)
            .Where(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase) && line.Length > name.Length && line[name.Length] == ':')
            .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();
    }
}
