using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>What a client names a partition by: the topic's id, or its name before version 13.</summary>
internal readonly record struct FetchKey(string Name, TopicId TopicId, int Index);

/// <summary>One partition of a fetch. In a session it is kept between requests, with the handle that served it and what the client was told last.</summary>
internal sealed class FetchItem(FetchKey key)
{
    // Nothing told yet; no real offset is below zero.
    private const long NeverTold = -1;

    private long _toldHighWatermark = NeverTold;
    private long _toldLogStart = NeverTold;

    public FetchKey Key { get; } = key;

    public Offset Offset { get; private set; }

    public int MaxBytes { get; private set; }

    /// <summary>The client's leader epoch; -1 if it has none.</summary>
    public int LeaderEpoch { get; private set; }

    /// <summary>Set while the partition is open here. Not looked up again while it serves.</summary>
    public PartitionHandle? Handle { get; set; }

    /// <summary>Why it cannot be read; none so far.</summary>
    public ErrorCode Error { get; set; }

    /// <summary>Who owns it, if another broker does.</summary>
    public KnownLeader? Leader { get; set; }

    /// <summary>Up to where bytes were counted when the fetch last looked: what it waits for comes at or above it.</summary>
    public Offset CountedTo { get; set; }

    /// <summary>Takes what the client asks for now.</summary>
    public void Update(FetchRequest.Partition asked)
    {
        Offset = new Offset(asked.FetchOffset);
        MaxBytes = Math.Max(asked.PartitionMaxBytes, 0);
        LeaderEpoch = asked.CurrentLeaderEpoch;
    }

    /// <summary>Whether an incremental answer must name the partition; notes what it is told. After an error it is named again in any case.</summary>
    public bool MustTell(FetchResponse.Partition answer)
    {
        var news = answer.Records is { Length: > 0 } || answer.ErrorCode != ErrorCode.None
            || answer.HighWatermark != _toldHighWatermark || answer.LogStartOffset != _toldLogStart;
        (_toldHighWatermark, _toldLogStart) = answer.ErrorCode == ErrorCode.None ? (answer.HighWatermark, answer.LogStartOffset) : (NeverTold, NeverTold);
        return news;
    }
}
