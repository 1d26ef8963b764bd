using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Configs;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Replaces the whole set of a resource's configs: what is not named goes back to its default. Old clients have nothing else.</summary>
internal sealed class AlterConfigsHandler(ConfigChanger changer) : ApiHandler<AlterConfigsRequest>(ApiKey.AlterConfigs)
{
    protected override async ValueTask<IResponse> HandleAsync(AlterConfigsRequest request, RequestContext context)
    {
        var response = new AlterConfigsResponse();
        var times = request.Resources.CountBy(static resource => (resource.ResourceType, resource.ResourceName)).ToDictionary();
        foreach (var resource in request.Resources)
        {
            var (error, message) = times[(resource.ResourceType, resource.ResourceName)] > 1 ? (ErrorCode.InvalidRequest, ConfigChanger.Repeated)
                : NamesTwice(resource) ? (ErrorCode.InvalidRequest, ConfigChanger.RepeatedKeys)
                : await changer.ChangeAsync(resource.ResourceType, resource.ResourceName, Translate(resource, request.ValidateOnly), context);
            response.Resources.Add(new() { ErrorCode = context.Count(error), ErrorMessage = message, ResourceType = resource.ResourceType, ResourceName = resource.ResourceName });
        }

        return response;
    }

    private static bool NamesTwice(AlterConfigsRequest.Resource resource) => resource.Configs.DistinctBy(static config => config.Name).Count() < resource.Configs.Count;

    private static ConfigureTopic Translate(AlterConfigsRequest.Resource resource, bool validateOnly) => new(
        [.. resource.Configs.ConvertAll(static config => new ConfigChange(config.Name, ConfigOperation.Set, config.Value))], ReplaceAll: true, validateOnly);
}
