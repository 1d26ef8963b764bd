namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Which names a topic may have.</summary>
internal static class TopicNames
{
    private const int MaxLength = 249;

    /// <summary>1 to 249 letters, digits, '.', '_' and '-', but neither "." nor "..".</summary>
    public static bool IsLegal(string name)
    {
        if (name.Length is 0 or > MaxLength || name is "." or "..")
        {
            return false;
        }

        foreach (var letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
