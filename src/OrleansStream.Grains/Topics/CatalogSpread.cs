using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;

namespace OrleansStream.Grains.Topics;

/// <summary>Tells other brokers of the catalog, as long as this one owns it. On a broker that is alone there is nobody to tell.</summary>
internal sealed class CatalogSpread(TimeProvider time, NewsToPeers? peers = null)
{
    // A broker that does not answer must not hold up whoever creates topics: it fetches what it missed when it can.
    private static readonly TimeSpan WaitAtMost = TimeSpan.FromSeconds(1);

    public void Tell(CatalogStep step) => peers?.Tell(step);

    public void Tell(long version) => peers?.Tell(version);

    /// <summary>Waits until all that live have heard of the version, and no longer than a second.</summary>
    public async Task WhenHeardAsync(long version)
    {
        if (peers is not null)
        {
            await peers.WhenHeardAsync(version).WaitAsync(WaitAtMost, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
