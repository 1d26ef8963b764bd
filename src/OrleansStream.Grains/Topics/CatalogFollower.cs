using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model;

namespace OrleansStream.Grains.Topics;

/// <summary>Brings this broker's view of the catalog up to what its owner has. Those who want that at once share one reading.</summary>
internal sealed class CatalogFollower(IGrainFactory grains, CatalogView view, IClusterView cluster, TimeProvider time) : ICatalogUpdates
{
    // A client that asks for a topic that does not exist must not become a question to the owner for each of its requests.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookAtMost = TimeSpan.FromSeconds(1);
    private const int MaxTries = 8;

    private readonly Lock _gate = new();
    private Task? _reading;
    private long? _lookedAt;

    /// <summary>Asks the owner for its version, and fetches what is newer.</summary>
    /// <exception cref="TimeoutException">The catalog cannot be read now.</exception>
    /// <exception cref="InvalidDataException">It is damaged, as <see cref="ICatalogGrain.LoadAsync"/> says.</exception>
    public Task CatchUpAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Off the caller's scheduler: the caller may be a grain that goes while others wait.
            _reading = _reading is { IsCompleted: false } running ? running : Task.Run(ReadAsync, CancellationToken.None);
            return _reading.WaitAsync(cancellationToken);
        }
    }

    public bool IsDue
    {
        get
        {
            lock (_gate)
            {
                return IsDueNow();
            }
        }
    }

    public async ValueTask LookAgainAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!IsDueNow())
            {
                return;
            }

            _lookedAt = time.GetTimestamp();
        }

        try
        {
            await CatchUpAsync(cancellationToken).WaitAsync(LookAtMost, time, cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The owner is away: what this broker knows must do, and the client asks again.
        }
    }

    // Whoever comes while a question is under way shares it, however soon he comes.
    private bool IsDueNow() =>
        cluster.Brokers.Count > 1 && (_lookedAt is not { } before || time.GetElapsedTime(before) >= BetweenLooks || _reading is { IsCompleted: false });

    private async Task ReadAsync()
    {
        var catalog = grains.GetGrain<ICatalogGrain>(0);
        for (var tries = 1; ; tries++)
        {
            var version = await catalog.LoadAsync(CancellationToken.None).WaitAsync(Limits.GrainCall, time);
            if (view.IsLoaded && view.Current.Version >= version)
            {
                return;
            }

            if (await ReadPagesAsync(catalog) is { } snapshot)
            {
                view.Publish(snapshot);
                return;
            }

            if (tries == MaxTries)
            {
                throw new TimeoutException("The catalog changes faster than it can be read.");
            }
        }
    }

    // Null: it changed between two pages. Nearly always there is one page.
    private async Task<CatalogSnapshot?> ReadPagesAsync(ICatalogGrain catalog)
    {
        CatalogSnapshot? snapshot = null;
        string? last = null;
        while (true)
        {
            var page = await catalog.PageAsync(last).WaitAsync(Limits.GrainCall, time);
            snapshot ??= CatalogSnapshot.Empty.At(page.Version);
            if (page.Version != snapshot.Version)
            {
                return null;
            }

            foreach (var topic in page.Topics)
            {
                snapshot = snapshot.With(topic, page.Version);
            }

            if (page.IsLast)
            {
                return snapshot;
            }

            last = page.Topics[^1].Name;
        }
    }
}
