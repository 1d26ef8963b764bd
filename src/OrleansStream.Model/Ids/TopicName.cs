namespace OrleansStream.Model.Ids;

/// <summary>What a topic may be called: 1 to 249 of ASCII letters, digits, '.', '_' and '-', but neither "." nor "..".</summary>
public static class TopicName
{
    public const int MaxLength = 249;

    /// <summary>Says what is wrong with a name, or null.</summary>
    public static string? Check(string name)
    {
        if (name.Length == 0)
        {
            return "Topic name is invalid: the empty string is not allowed";
        }

        if (name is "." or "..")
        {
            return "Topic name is invalid: '.' or '..' is not allowed";
        }

        if (name.Length > MaxLength)
        {
            return $"Topic name is invalid: the length of '{name[..MaxLength]}...' is longer than the max allowed length {MaxLength}";
        }

        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '_' or '-'))
            {
                return $"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
            }
        }

        return null;
    }

    /// <summary>Names that differ only by '.' and '_' would share their metrics in tools: both map to this.</summary>
    public static string Collapse(string name) => name.Replace('.', '_');
}
