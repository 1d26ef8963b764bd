using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Finds offsets by time and by name: end, start, largest timestamp. No match is offset -1 without an error.</summary>
internal sealed class ListOffsetsHandler(PartitionDoor door) : ApiHandler<ListOffsetsRequest>(ApiKey.ListOffsets)
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LastTiered = -5;

    private const short FirstWithEpoch = 4;
    private const short FirstWithMaxTimestamp = 7;
    private const short FirstWithEarliestLocal = 8;
    private const short FirstWithLastTiered = 9;

    protected override async ValueTask<IResponse> HandleAsync(ListOffsetsRequest request, RequestContext context)
    {
        if (!Enum.IsDefined(request.IsolationLevel))
        {
            return FailureAnswers.Of(request, context.Version, context.Count(ErrorCode.UnknownServerError))!;
        }

        OpenAhead.Begin(door, Named(request), context.Gone);
        // A partition that is named twice is answered once, and not looked up.
        var times = request.Topics.SelectMany(static topic => topic.Partitions.Select(partition => (topic.Name, partition.Index))).CountBy(static name => name).ToDictionary();
        var response = new ListOffsetsResponse();
        foreach (var topic in request.Topics)
        {
            var answered = new ListOffsetsResponse.Topic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                var name = (topic.Name, partition.Index);
                if (times[name] == 1)
                {
                    answered.Partitions.Add(await FindAsync(topic.Name, partition, request.IsolationLevel, context));
                }
                else if (times[name] > 1)
                {
                    times[name] = 0;
                    answered.Partitions.Add(new() { Index = partition.Index, ErrorCode = context.Count(ErrorCode.InvalidRequest) });
                }
            }

            if (answered.Partitions.Count == 0 && topic.Partitions.Count > 0)
            {
                continue;
            }

            response.Topics.Add(answered);
        }

        return response;
    }

    private static IEnumerable<(string Topic, int Index)> Named(ListOffsetsRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                yield return (topic.Name, partition.Index);
            }
        }
    }

    private async ValueTask<ListOffsetsResponse.Partition> FindAsync(string topic, ListOffsetsRequest.Partition asked, IsolationLevel isolation, RequestContext context)
    {
        var (error, partition) = await door.ResolveAsync(topic, asked.Index, context.Gone);
        if (error != ErrorCode.None)
        {
            return Failed(error);
        }

        var opened = await door.OpenAsync(partition, Limits.GrainCall, context.Gone);
        if (opened.Handle is not { } handle)
        {
            return Failed(opened.Error);
        }

        error = TopicPartitions.CheckEpoch(asked.CurrentLeaderEpoch, handle.Epoch);
        if (error != ErrorCode.None)
        {
            return Failed(error);
        }

        var end = isolation == IsolationLevel.ReadCommitted ? handle.LastStableOffset : handle.HighWatermark;
        var match = await MatchAsync(handle, asked.Timestamp, end, context);
        return match.Error != ErrorCode.None
            ? Failed(match.Error)
            : new()
            {
                Index = asked.Index,
                Offset = match.Offset.Value,
                Timestamp = match.TimestampMs,
                LeaderEpoch = context.Version >= FirstWithEpoch ? match.Epoch.Value : -1,
            };

        ListOffsetsResponse.Partition Failed(ErrorCode code) => new() { Index = asked.Index, ErrorCode = context.Count(code) };
    }

    private static async ValueTask<TimestampMatch> MatchAsync(PartitionHandle handle, long timestamp, Offset end, RequestContext context)
    {
        switch (timestamp)
        {
            case Latest:
                return At(end, handle.Epoch);
            case Earliest:
            case EarliestLocal when context.Version >= FirstWithEarliestLocal:
                // Nothing is ever only remote, or all of it is: the local start is the start.
                var start = handle.LogStart;
                return At(start, handle.EpochAt(start));
            case MaxTimestamp when context.Version >= FirstWithMaxTimestamp:
                return Visible(await handle.FindMaxTimestampAsync(context.Gone), end);
            case LastTiered when context.Version >= FirstWithLastTiered:
                return At(Offset.None, LeaderEpoch.None);
            case >= 0:
                return Visible(await handle.FindTimestampAsync(timestamp, context.Gone), end);
            default:
                return At(Offset.None, LeaderEpoch.None) with { Error = ErrorCode.UnsupportedVersion };
        }
    }

    private static TimestampMatch At(Offset offset, LeaderEpoch epoch) => new(ErrorCode.None, offset, -1, epoch);

    private static TimestampMatch Visible(TimestampMatch match, Offset end) =>
        match.Error == ErrorCode.None && match.Offset >= end ? At(Offset.None, LeaderEpoch.None) : match;
}
