using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Configs;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Changes single configs of a resource and leaves the others as they are.</summary>
internal sealed class IncrementalAlterConfigsHandler(ConfigChanger changer) : ApiHandler<IncrementalAlterConfigsRequest>(ApiKey.IncrementalAlterConfigs)
{
    protected override async ValueTask<IResponse> HandleAsync(IncrementalAlterConfigsRequest request, RequestContext context)
    {
        var response = new IncrementalAlterConfigsResponse();
        var times = request.Resources.CountBy(static resource => (resource.ResourceType, resource.ResourceName)).ToDictionary();
        foreach (var resource in request.Resources)
        {
            var (error, message) = times[(resource.ResourceType, resource.ResourceName)] > 1 ? (ErrorCode.InvalidRequest, ConfigChanger.Repeated)
                : Fault(resource) is { } fault ? (ErrorCode.InvalidRequest, fault)
                : await changer.ChangeAsync(resource.ResourceType, resource.ResourceName, Translate(resource, request.ValidateOnly), context);
            response.Resources.Add(new() { ErrorCode = context.Count(error), ErrorMessage = message, ResourceType = resource.ResourceType, ResourceName = resource.ResourceName });
        }

        return response;
    }

    private static string? Fault(IncrementalAlterConfigsRequest.Resource resource)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var config in resource.Configs)
        {
            if (!Enum.IsDefined(config.Operation))
            {
                return $"Operation {(int)config.Operation} of {config.Name} is unknown.";
            }

            if (!names.Add(config.Name))
            {
                return ConfigChanger.RepeatedKeys;
            }
        }

        return null;
    }

    private static ConfigureTopic Translate(IncrementalAlterConfigsRequest.Resource resource, bool validateOnly) => new(
        [.. resource.Configs.ConvertAll(static config => new ConfigChange(config.Name, (ConfigOperation)(byte)config.Operation, config.Value))], ReplaceAll: false, validateOnly);
}
