using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks where leader epochs ended, so that a consumer can see whether what it read was cut off.</summary>
[Request(ApiKey.OffsetForLeaderEpoch, MinVersion = 2, MaxVersion = 4, FlexibleFrom = 4)]
public sealed partial class OffsetForLeaderEpochRequest
{
    /// <summary>The follower that asks; -1 for consumers, -2 for tools.</summary>
    [Since(3), Ignorable]
    public int ReplicaId { get; set; } = -2;

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

        /// <summary>The leader epoch that the client knows, for the broker to compare; -1 if it knows none.</summary>
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The epoch whose end is asked for.</summary>
        public int LeaderEpoch { get; set; }
    }
}

/// <summary>The end of the epoch that was asked for, or of the last one before it.</summary>
[Response(typeof(OffsetForLeaderEpochRequest))]
public sealed partial class OffsetForLeaderEpochResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
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
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The leader epoch; -1 if unknown.</summary>
        public int LeaderEpoch { get; set; } = -1;

        /// <summary>The offset behind the epoch's last record; -1 if unknown.</summary>
        public long EndOffset { get; set; } = -1;
    }
}
