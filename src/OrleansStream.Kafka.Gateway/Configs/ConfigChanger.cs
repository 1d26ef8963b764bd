using System.Globalization;
using Orleans;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Handlers;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Configs;

/// <summary>Carries out changes of configs, for both APIs that make them. Topics have changeable ones; a broker's are set at its start.</summary>
internal sealed class ConfigChanger(IGrainFactory grains, CatalogView catalog, ICatalogUpdates updates, IClusterView cluster, GatewaySurroundings surroundings)
{
    /// <summary>Said of each entry for a resource that a request names more than once: none of them is carried out.</summary>
    public const string Repeated = "Each resource must appear at most once.";

    /// <summary>Said of a resource of which a request names a config more than once: nothing of it is changed.</summary>
    public const string RepeatedKeys = "Error due to duplicate config keys";

    /// <summary>All of the changes to one resource, or none. Null as the message of a success.</summary>
    public async ValueTask<(ErrorCode Error, string? Message)> ChangeAsync(ConfigResourceType type, string name, ConfigureTopic wish, RequestContext context)
    {
        switch (type)
        {
            case ConfigResourceType.Topic:
                return await ChangeTopicAsync(name, wish, context);
            case ConfigResourceType.Broker when name.Length > 0 && name != cluster.Self.Value.ToString(CultureInfo.InvariantCulture):
                return (ErrorCode.InvalidRequest, $"Unexpected broker id, expected {cluster.Self} but received {name}");
            case ConfigResourceType.Broker when wish.Changes.IsEmpty:
                return (ErrorCode.None, null);
            case ConfigResourceType.Broker:
                return (ErrorCode.InvalidRequest, $"Cannot update these configs dynamically: [{Names(wish)}]. Configs of a broker are set at its start.");
            case ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics or ConfigResourceType.Group when name.Length > 0 && wish.Changes.IsEmpty:
                return (ErrorCode.None, null);
            case ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics or ConfigResourceType.Group:
                return (ErrorCode.InvalidRequest, $"Configs of resource type {type} have no effect here and cannot be changed: [{Names(wish)}].");
            default:
                return (ErrorCode.InvalidRequest, $"Configs of resource type {type} do not exist here.");
        }
    }

    // Some of them: what a client sends is not sent back to it at any length.
    private static string Names(ConfigureTopic wish) => string.Join(", ", wish.Changes.Take(10).Select(static change => change.Name[..Math.Min(change.Name.Length, 100)]));

    private async ValueTask<(ErrorCode Error, string? Message)> ChangeTopicAsync(string name, ConfigureTopic wish, RequestContext context)
    {
        if (await catalog.FindAsync(name, updates, context.Gone) is null)
        {
            return (TopicNames.IsLegal(name) ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException, $"The topic '{name}' does not exist.");
        }

        foreach (var change in wish.Changes)
        {
            if (change.Operation != ConfigOperation.Delete && change.Value is null)
            {
                return (ErrorCode.InvalidRequest, $"Null value not supported for : {change.Name}");
            }
        }

        var (answer, _) = await GrainCalls.ChangeAsync(
            grains.GetGrain<ITopicGrain>(name), (wish, context.Gone), static (grain, state) => grain.ConfigureAsync(state.wish, state.Gone), (surroundings.Options.RequestTimeout, surroundings.Time, context.Gone));
        return (answer.Error, answer.Message);
    }
}
