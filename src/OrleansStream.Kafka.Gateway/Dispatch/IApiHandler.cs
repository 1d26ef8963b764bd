using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Dispatch;

/// <summary>Answers one API in all its versions.</summary>
internal interface IApiHandler
{
    ApiKey Api { get; }

    /// <summary>The answer. What a client did wrong is in it; an exception is a defect of ours, logged and answered with UNKNOWN_SERVER_ERROR.</summary>
    ValueTask<IResponse> HandleAsync(IRequest? request, RequestContext context);
}

/// <summary>A handler of one type of request.</summary>
internal abstract class ApiHandler<TRequest>(ApiKey api) : IApiHandler
    where TRequest : class, IRequest
{
    public ApiKey Api { get; } = api;

    public ValueTask<IResponse> HandleAsync(IRequest? request, RequestContext context) =>
        HandleAsync((TRequest)(request ?? throw new ArgumentNullException(nameof(request))), context);

    protected abstract ValueTask<IResponse> HandleAsync(TRequest request, RequestContext context);
}
