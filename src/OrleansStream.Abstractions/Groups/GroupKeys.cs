namespace OrleansStream.Abstractions.Groups;

/// <summary>
/// Keys of group grains. Any text is a group id to Kafka, the empty one included (consumers without a group commit under it), but Orleans refuses keys
/// of white space: so a letter goes in front.
/// </summary>
public static class GroupKeys
{
    private const char Front = 'g';

    /// <summary>The key of the grain of this group.</summary>
    public static string Of(string groupId) => Front + groupId;

    /// <summary>The group whose grain has this key.</summary>
    /// <param name="key">One that <see cref="Of"/> made.</param>
    public static string GroupOf(string key) => key[1..];
}
