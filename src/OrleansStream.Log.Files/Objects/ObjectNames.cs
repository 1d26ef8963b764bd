using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using OrleansStream.Log.Files.Directories;

namespace OrleansStream.Log.Files.Objects;

/// <summary>
/// Where objects stand: <c>objects/{two digits}/{name with + for /}</c>. All objects of one parent share one of 256 folders, so a new partition costs no
/// new directory and its sync, and a deleted one leaves none behind.
/// </summary>
internal static class ObjectNames
{
    public const int Folders = 256;
    public const int MaxLength = 200;

    public const string TemporaryFolder = DataDirectory.ObjectDirectory + "/new";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._");

    public static string FolderOf(int index) => string.Create(CultureInfo.InvariantCulture, $"{DataDirectory.ObjectDirectory}/{index:x2}");

    public static string FolderOf(string name)
    {
        var parent = name[..(name.LastIndexOf('/') + 1)];
        return FolderOf((int)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(parent)) % Folders));
    }

    /// <exception cref="ArgumentException">The name is empty, too long or holds other characters than letters, digits, dash, dot, underscore and slash.</exception>
    public static string PathOf(string name) =>
        name.Length is 0 or > MaxLength || name.AsSpan().ContainsAnyExcept(Allowed)
            ? throw new ArgumentException($"'{name}' is no object name: 1 to {MaxLength} letters, digits, dashes, dots, underscores and slashes.", nameof(name))
            : $"{FolderOf(name)}/{name.Replace('/', '+')}";

    public static string NameOf(string fileName) => fileName.Replace('+', '/');
}
