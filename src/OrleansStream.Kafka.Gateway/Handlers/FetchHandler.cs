using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Fetching;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Answers Fetch: sorts out the session, lets the reader wait and read, and tells what the client does not know yet.</summary>
internal sealed class FetchHandler(FetchReader reader, FetchSessions sessions, ClusterDirectory directory, GatewaySurroundings surroundings) : ApiHandler<FetchRequest>(ApiKey.Fetch)
{
    private const int NoSession = -1;
    private const int NewSession = 0;
    private const short FirstWithLeader = 16;

    protected override async ValueTask<IResponse> HandleAsync(FetchRequest request, RequestContext context)
    {
        // As Kafka: before anything becomes of the session that it names.
        if (!Enum.IsDefined(request.IsolationLevel))
        {
            return Refused(request, context);
        }

        var error = TryPlan(request, context.Version, out var plan);
        if (plan is null)
        {
            return new FetchResponse { ErrorCode = context.Count(error) };
        }

        try
        {
            await reader.PrepareAsync(plan, context);
            return await ReadAsync(plan, context);
        }
        finally
        {
            if (plan.Session is { } session)
            {
                sessions.Release(session);
            }
        }
    }

    private static FetchResponse Refused(FetchRequest request, RequestContext context)
    {
        var answer = (FetchResponse)FailureAnswers.Of(request, context.Version, context.Count(ErrorCode.UnknownServerError))!;
        foreach (var topic in answer.Topics)
        {
            topic.Partitions.ForEach(static partition => partition.HighWatermark = -1);
        }

        return answer;
    }

    private ErrorCode TryPlan(FetchRequest request, short version, out FetchPlan? plan)
    {
        if (version < FetchPlan.FirstWithSessions || request.SessionEpoch is NoSession or NewSession)
        {
            // Both end the session that they name.
            sessions.Remove(request.SessionId);
            plan = version >= FetchPlan.FirstWithSessions && request.SessionEpoch == NewSession ? Create(request, version) : FetchPlan.Whole(request, version);
            return ErrorCode.None;
        }

        plan = null;
        var error = sessions.TryUse(request.SessionId, request.SessionEpoch, version >= FetchPlan.FirstWithIds, out var session);
        if (error != ErrorCode.None)
        {
            return error;
        }

        session!.Update(request);
        if (!sessions.TryKeep(session))
        {
            return ErrorCode.FetchSessionIdNotFound;
        }

        if (session.Count == 0)
        {
            // Nothing left to remember: the answer says so with session id 0.
            sessions.Remove(session.Id);
            plan = FetchPlan.Whole(request, version);
            return ErrorCode.None;
        }

        plan = FetchPlan.Of(session, request, version, incremental: true);
        return ErrorCode.None;
    }

    private FetchPlan Create(FetchRequest request, short version)
    {
        var partitions = 0;
        foreach (var topic in request.Topics)
        {
            partitions += topic.Partitions.Count;
        }

        if (partitions == 0 || sessions.TryCreate(partitions, version >= FetchPlan.FirstWithIds) is not { } session)
        {
            return FetchPlan.Whole(request, version);
        }

        session.Update(request);
        _ = sessions.TryKeep(session);
        return FetchPlan.Of(session, request, version, incremental: false);
    }

    private async ValueTask<FetchResponse> ReadAsync(FetchPlan plan, RequestContext context)
    {
        var response = new FetchResponse();
        if (plan.Session is { } session)
        {
            response.SessionId = session.Id;
        }

        FetchResponse.Topic? topic = null;
        long room = Math.Min(plan.MaxBytes, surroundings.Options.FetchMaxBytes);
        var isFirst = true;
        foreach (var item in plan.Items())
        {
            var answer = await reader.ReadAsync(item, plan, (Math.Max(room, 0), isFirst), context);
            NameLeader(response, answer, item, context);
            if (answer.Records is { Length: > 0 } records)
            {
                isFirst = false;
                room -= records.Length;
                plan.Session?.MoveToEnd(item);
            }

            var told = plan.Session is null || item.MustTell(answer) || !plan.IsIncremental;
            if (told)
            {
                topic = TopicOf(response, topic, item.Key);
                topic.Partitions.Add(answer);
            }
        }

        return response;
    }

    // Partitions of a topic mostly stand together; where rotation has parted them, the topic is named twice, as Kafka does.
    private static FetchResponse.Topic TopicOf(FetchResponse response, FetchResponse.Topic? last, in FetchKey key)
    {
        if (last is not null && last.TopicId == key.TopicId && last.Name == key.Name)
        {
            return last;
        }

        var topic = new FetchResponse.Topic { Name = key.Name, TopicId = key.TopicId };
        response.Topics.Add(topic);
        return topic;
    }

    private void NameLeader(FetchResponse response, FetchResponse.Partition answer, FetchItem item, RequestContext context)
    {
        if (answer.ErrorCode != ErrorCode.NotLeaderOrFollower || context.Version < FirstWithLeader || item.Leader is not { } leader ||
            directory.EndpointOf(leader.Broker, context.Listener) is not { } endpoint)
        {
            return;
        }

        answer.CurrentLeader = new() { LeaderId = leader.Broker.Value, LeaderEpoch = leader.Epoch.Value };
        foreach (var named in response.NodeEndpoints)
        {
            if (named.NodeId == leader.Broker.Value)
            {
                return;
            }
        }

        response.NodeEndpoints.Add(new() { NodeId = leader.Broker.Value, Host = endpoint.Host, Port = endpoint.Port });
    }
}
