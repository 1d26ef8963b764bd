using Orleans;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Deletes topics by name or by id. A topic is out of Metadata when its deletion is answered.</summary>
internal sealed class DeleteTopicsHandler(IGrainFactory grains, CatalogView catalog, ICatalogUpdates updates, GatewaySurroundings surroundings) : ApiHandler<DeleteTopicsRequest>(ApiKey.DeleteTopics)
{
    private const short FirstWithIds = 6;
    private const short FirstWithDisabled = 3;

    protected override async ValueTask<IResponse> HandleAsync(DeleteTopicsRequest request, RequestContext context)
    {
        var atMost = TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0));
        if (Asked(request, context.Version).Exists(asked => !IsNone(asked) && Find(asked) is null))
        {
            await updates.LookAgainAsync(context.Gone);
        }

        var deletions = new List<Task<DeleteTopicsResponse.Topic>>();
        foreach (var same in Asked(request, context.Version).GroupBy(Identity))
        {
            // A topic that is named twice, if once by its id, is not deleted at all, and answered once.
            deletions.Add(same.Skip(1).Any()
                ? Task.FromResult(Failed(same.FirstOrDefault(static asked => asked.Name is not null) ?? same.First(), ErrorCode.InvalidRequest, "The request names this topic twice.", context))
                : DeleteAsync(same.First(), atMost, context));
        }

        return new DeleteTopicsResponse { Topics = [.. await Task.WhenAll(deletions)] };
    }

    private static List<DeleteTopicsRequest.Topic> Asked(DeleteTopicsRequest request, short version) =>
        version >= FirstWithIds ? request.Topics : request.TopicNames.ConvertAll(static name => new DeleteTopicsRequest.Topic { Name = name });

    // Names that nobody knows stand for themselves, and so do requests that are none: both are refused one by one.
    private (string? Name, TopicId Id, bool IsNone) Identity(DeleteTopicsRequest.Topic asked) =>
        IsNone(asked) ? (asked.Name, asked.TopicId, true)
        : Find(asked) is { } topic ? (topic.Name, topic.Id, false)
        : (asked.Name, asked.TopicId, false);

    private static bool IsNone(DeleteTopicsRequest.Topic asked) => asked.Name is null == asked.TopicId.IsNone;

    private Topic? Find(DeleteTopicsRequest.Topic asked) => asked.Name is null ? catalog.Current.Find(asked.TopicId) : catalog.Current.Find(asked.Name);

    private async Task<DeleteTopicsResponse.Topic> DeleteAsync(DeleteTopicsRequest.Topic asked, TimeSpan atMost, RequestContext context)
    {
        if (IsNone(asked))
        {
            return Failed(asked, ErrorCode.InvalidRequest, "A topic is named by its name or by its id, one of the two.", context);
        }

        if (!surroundings.Options.DeleteTopics)
        {
            return Failed(asked, context.Version >= FirstWithDisabled ? ErrorCode.TopicDeletionDisabled : ErrorCode.InvalidRequest, "delete.topic.enable is false.", context);
        }

        if (Find(asked) is not { } topic)
        {
            return Failed(asked, asked.Name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition, "There is no such topic.", context);
        }

        var (change, tries) = await GrainCalls.ChangeAsync(
            grains.GetGrain<ITopicGrain>(topic.Name), (Id: asked.Name is null ? topic.Id : (TopicId?)null, context.Gone), static (grain, what) => grain.DeleteAsync(what.Id, what.Gone), (atMost, surroundings.Time, context.Gone));

        // It was there before the first try. Gone at a later one, it went by an earlier one that could not say so.
        var isGone = tries > 1 && change.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId;
        return change.Error == ErrorCode.None || isGone
            ? new() { Name = topic.Name, TopicId = topic.Id }
            : new() { Name = topic.Name, TopicId = topic.Id, ErrorCode = context.Count(change.Error), ErrorMessage = change.Message };
    }

    private static DeleteTopicsResponse.Topic Failed(DeleteTopicsRequest.Topic asked, ErrorCode error, string message, RequestContext context) =>
        new() { Name = asked.Name, TopicId = asked.TopicId, ErrorCode = context.Count(error), ErrorMessage = message };
}
