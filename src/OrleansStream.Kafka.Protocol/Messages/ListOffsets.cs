using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for the offset of a time, or of a place that has a name: the start, the end, the largest timestamp.</summary>
[Request(ApiKey.ListOffsets, MinVersion = 1, MaxVersion = 10, FlexibleFrom = 6)]
public sealed partial class ListOffsetsRequest
{
    /// <summary>The follower that asks; -1 for consumers.</summary>
    public int ReplicaId { get; set; }

    /// <summary>Whether records of open and aborted transactions are left out.</summary>
    [Since(2)]
    public IsolationLevel IsolationLevel { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How long a lookup in remote storage may take, in milliseconds.</summary>
    [Since(10), Ignorable]
    public int TimeoutMs { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The leader epoch that the client knows, for the broker to compare; -1 if it knows none.</summary>
        [Since(4), Ignorable]
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The time to look up, in milliseconds since 1970, or a named place: -1 the end, -2 the start, -3 the largest timestamp, -4 and below places in tiered storage.</summary>
        public long Timestamp { get; set; }
    }
}

/// <summary>The offsets that were found.</summary>
[Response(typeof(ListOffsetsRequest))]
public sealed partial class ListOffsetsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(2), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The time of the record that was found, in milliseconds since 1970; -1 if none was or a named place was asked for.</summary>
        public long Timestamp { get; set; } = -1;

        /// <summary>The offset that was found; -1 if none was.</summary>
        public long Offset { get; set; } = -1;

        /// <summary>The leader epoch; -1 if unknown.</summary>
        [Since(4)]
        public int LeaderEpoch { get; set; } = -1;
    }
}
