using System.Collections.Immutable;
using Orleans;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Creates topics through their grains, with the broker's defaults where the client has no wish.</summary>
internal sealed class TopicCreator(IGrainFactory grains, CatalogView catalog, GatewaySurroundings surroundings)
{
    // A Metadata request must not hang on a catalog that cannot answer: the client asks again anyway.
    private static readonly TimeSpan AutomaticAtMost = TimeSpan.FromSeconds(5);

    public bool CreatesAutomatically => surroundings.Options.AutoCreateTopics;

    /// <summary>Creates the topic with defaults; null if that failed or takes long. Somebody else may have created it meanwhile: that is as good.</summary>
    public async ValueTask<Topic?> CreateAutomaticallyAsync(string name, CancellationToken cancellationToken)
    {
        var wish = new CreateTopic(new TopicId(Guid.NewGuid()), surroundings.Options.DefaultPartitions, surroundings.Options.DefaultReplicationFactor, ImmutableSortedDictionary<string, string>.Empty, ValidateOnly: false);
        var change = await CreateAsync(name, wish, AutomaticAtMost, cancellationToken);
        return change.Topic ?? catalog.Current.Find(name);
    }

    /// <summary>Creates the topic as wished. REQUEST_TIMED_OUT if that takes longer; the topic may come all the same.</summary>
    public async Task<TopicChange> CreateAsync(string name, CreateTopic wish, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var (change, _) = await GrainCalls.ChangeAsync(
            grains.GetGrain<ITopicGrain>(name), (Wish: wish, cancellationToken), static (grain, state) => grain.CreateAsync(state.Wish, state.cancellationToken), (atMost, surroundings.Time, cancellationToken));
        return change;
    }
}
