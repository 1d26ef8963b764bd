namespace OrleansStream.Abstractions.Topics;

/// <summary>The way to a newer catalog than this broker's copy, for whoever misses a topic in it.</summary>
public interface ICatalogUpdates
{
    /// <summary>Whether <see cref="LookAgainAsync"/> would ask anybody now: false where this broker's copy is the catalog itself, and soon after the last question.</summary>
    bool IsDue { get; }

    /// <summary>
    /// Asks the catalog's owner once whether there is a newer version, and takes it. Those who ask at once share one question, and there is at most one in a
    /// quarter of a second: whoever comes sooner looks at what that one brought. Fails never, and takes a second at the most. Returns at once where this broker's copy is the catalog itself.
    /// </summary>
    ValueTask LookAgainAsync(CancellationToken cancellationToken);
}
