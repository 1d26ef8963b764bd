using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Of the catalogs by which requests were refused, the oldest one whose refusal still holds. What exists now and did not exist in some of them did not exist in
/// that one. Kept are those that will be the oldest once the ones before them are gone: as many as the catalog changes while refusals flow, and not
/// as many as there are refusals. One caller at a time.
/// </summary>
internal sealed class OldestCatalog
{
    // By number, and each newer than the one before it.
    private readonly LinkedList<(long Number, CatalogSnapshot Catalog)> _kept = [];

    /// <summary>Null if no refusal holds.</summary>
    public CatalogSnapshot? Current => _kept.First?.Value.Catalog;

    /// <summary>Takes in the catalog of a refusal. Numbers come nearly in their order: those of unanswered requests may be swapped.</summary>
    public void Add(long number, CatalogSnapshot catalog)
    {
        var after = _kept.Last;
        while (after is not null && after.Value.Number > number)
        {
            // One that holds longer, and is no newer, says all that this one could.
            if (after.Value.Catalog.Version <= catalog.Version)
            {
                return;
            }

            after = after.Previous;
        }

        while (after is not null && after.Value.Catalog.Version >= catalog.Version)
        {
            var before = after.Previous;
            _kept.Remove(after);
            after = before;
        }

        if (after is null)
        {
            _kept.AddFirst((number, catalog));
        }
        else
        {
            _kept.AddAfter(after, (number, catalog));
        }
    }

    /// <summary>The refusals up to this number hold no longer.</summary>
    public void Forget(long upTo)
    {
        while (_kept.First is { } first && first.Value.Number <= upTo)
        {
            _kept.RemoveFirst();
        }
    }
}
