using System.Buffers;

namespace OrleansStream.Log.Storage;

/// <summary>Which names a blob may have.</summary>
public static class BlobName
{
    public const int MaxLength = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._");

    /// <summary>Refuses what could be taken for another name: an address is put together from names, and its dots and empty parts are folded away.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, holds other characters than letters, digits, dash, dot, underscore and slash, or has a part that is empty or ends with a dot.</exception>
    public static void Check(string name)
    {
        if (name.Length is 0 or > MaxLength || name.AsSpan().ContainsAnyExcept(Allowed) || HasFoldedPart(name))
        {
            throw new ArgumentException($"'{name}' is no name: 1 to {MaxLength} letters, digits, dashes, dots and underscores, in parts between slashes that are not empty and end with no dot.", nameof(name));
        }
    }

    private static bool HasFoldedPart(string name)
    {
        foreach (var part in name.AsSpan().Split('/'))
        {
            var text = name.AsSpan(part);
            if (text.IsEmpty || text[^1] == '.') return true;
        }

        return false;
    }
}
