using System.Globalization;
using System.Text;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Directories;

/// <summary>Which cluster and broker a data directory belongs to: a small text file, written once. docs/formats/data-directory.md has the lines.</summary>
/// <param name="ClusterId">22 characters of base64url, as Kafka's tools make them.</param>
public sealed record DataDirectoryIdentity(string ClusterId, BrokerId Broker)
{
    public const string FileName = "identity";
    public const string TemporaryName = "identity.new";
    public const int FormatVersion = 1;

    private const string FirstWord = "orleansstream-data";
    private const int MaxBytes = 4096;

    /// <summary>A new cluster's id from 16 random bytes.</summary>
    public static string NewClusterId(Guid random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.TryWriteBytes(bytes);
        return Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    internal string ToText() => string.Create(CultureInfo.InvariantCulture, $"{FirstWord} {FormatVersion}\ncluster {ClusterId}\nbroker {Broker}\n");

    /// <summary>Null if the disk has none.</summary>
    internal static DataDirectoryIdentity? Read(IDisk disk, string shownPath)
    {
        if (!disk.FileExists(FileName)) return null;
        using var file = disk.Open(FileName, DiskOpenMode.Read);
        if (file.Length > MaxBytes) throw Unreadable(shownPath);
        var bytes = new byte[file.Length];
        return Parse(Encoding.UTF8.GetString(bytes.AsSpan(0, file.Read(0, bytes))), shownPath);
    }

    /// <summary>Temporary file, sync, rename, directory sync: it is there as a whole or not at all.</summary>
    internal void Create(IDisk disk)
    {
        disk.Delete(TemporaryName);
        using (var file = disk.Open(TemporaryName, DiskOpenMode.Write | DiskOpenMode.CreateNew))
        {
            file.Write(0, [Encoding.UTF8.GetBytes(ToText())]);
            file.SyncData();
        }

        disk.Rename(TemporaryName, FileName);
        disk.SyncDirectory("");
    }

    private static DataDirectoryIdentity Parse(string text, string shownPath)
    {
        var lines = text.Split('\n');
        var first = lines[0].Split(' ');
        if (first.Length != 2 || first[0] != FirstWord || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw Unreadable(shownPath);
        }

        if (version > FormatVersion)
        {
            throw new DataDirectoryException(
                shownPath, $"The data directory '{shownPath}' has format {version}, but this version of OrleansStream knows formats up to {FormatVersion}: start a newer version.");
        }

        var facts = lines.Skip(1).Select(line => line.Split(' ')).Where(words => words.Length == 2).ToDictionary(words => words[0], words => words[1], StringComparer.Ordinal);
        return facts.TryGetValue("cluster", out var cluster) && facts.TryGetValue("broker", out var broker)
            && int.TryParse(broker, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new DataDirectoryIdentity(cluster, new BrokerId(number))
            : throw Unreadable(shownPath);
    }

    private static DataDirectoryException Unreadable(string shownPath) =>
        new(shownPath, $"The file '{shownPath}/{FileName}' is damaged: it should name the format, the cluster and the broker.");
}
