using System.Globalization;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Configs;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Shows configs of topics and of this broker.</summary>
internal sealed class DescribeConfigsHandler(ConfigListing configs, CatalogView catalog, ICatalogUpdates updates, IClusterView cluster) : ApiHandler<DescribeConfigsRequest>(ApiKey.DescribeConfigs)
{
    protected override async ValueTask<IResponse> HandleAsync(DescribeConfigsRequest request, RequestContext context)
    {
        if (request.Resources.Exists(resource => resource.ResourceType == ConfigResourceType.Topic && catalog.Current.Find(resource.ResourceName) is null))
        {
            await updates.LookAgainAsync(context.Gone);
        }

        var response = new DescribeConfigsResponse();

        // Once each: a topic that is named a hundred thousand times must not be described so often.
        foreach (var asked in request.Resources.DistinctBy(static resource => (resource.ResourceType, resource.ResourceName)))
        {
            var resource = Describe(asked, request);
            context.Count(resource.ErrorCode);
            response.Resources.Add(resource);
        }

        return response;
    }

    private DescribeConfigsResponse.Resource Describe(DescribeConfigsRequest.Resource asked, DescribeConfigsRequest request)
    {
        switch (asked.ResourceType)
        {
            case ConfigResourceType.Topic when catalog.Current.Find(asked.ResourceName) is { } topic:
                return Found(configs.Of(topic, asked, request));
            case ConfigResourceType.Topic:
                return TopicNames.IsLegal(asked.ResourceName)
                    ? Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{asked.ResourceName}' does not exist.")
                    : Failed(ErrorCode.InvalidTopicException, $"'{asked.ResourceName}' is no name for a topic.");
            case ConfigResourceType.Broker when asked.ResourceName.Length == 0:
                // What was set for all brokers while they ran: that cannot be done here, so nothing was.
                return Found([]);
            case ConfigResourceType.Broker when asked.ResourceName == cluster.Self.Value.ToString(CultureInfo.InvariantCulture):
                return Found(configs.OfBroker(asked, request));
            case ConfigResourceType.Broker:
                return Failed(ErrorCode.InvalidRequest, $"Unexpected broker id, expected {cluster.Self} or empty string, but received {asked.ResourceName}");
            case ConfigResourceType.BrokerLogger when asked.ResourceName.Length == 0:
                return Failed(ErrorCode.InvalidRequest, "Broker id must not be empty");
            case ConfigResourceType.BrokerLogger when asked.ResourceName != cluster.Self.Value.ToString(CultureInfo.InvariantCulture):
                return Failed(ErrorCode.InvalidRequest, $"Unexpected broker id, expected {cluster.Self} but received {asked.ResourceName}");
            case ConfigResourceType.ClientMetrics when asked.ResourceName.Length == 0:
                return Failed(ErrorCode.InvalidRequest, "Client metrics subscription name must not be empty");
            case ConfigResourceType.Group when asked.ResourceName.Length == 0:
                return Failed(ErrorCode.InvalidRequest, "Group name must not be empty");
            case ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics or ConfigResourceType.Group:
                // Kafka has configs of these. There are none here that could have an effect, so the list is empty; an error would end tools with a stack trace.
                return Found([]);
            default:
                return Failed(ErrorCode.InvalidRequest, $"Configs of resource type {asked.ResourceType} do not exist here.");
        }

        DescribeConfigsResponse.Resource Found(List<DescribeConfigsResponse.Config> found) =>
            new() { ResourceType = asked.ResourceType, ResourceName = asked.ResourceName, Configs = found };

        DescribeConfigsResponse.Resource Failed(ErrorCode error, string message) =>
            new() { ErrorCode = error, ErrorMessage = message, ResourceType = asked.ResourceType, ResourceName = asked.ResourceName };
    }
}
