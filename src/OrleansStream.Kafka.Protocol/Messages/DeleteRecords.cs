using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Deletes the records of partitions below an offset.</summary>
[Request(ApiKey.DeleteRecords, MinVersion = 0, MaxVersion = 2, FlexibleFrom = 2)]
public sealed partial class DeleteRecordsRequest
{
    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How long the broker may take, in milliseconds.</summary>
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

        /// <summary>The first offset that stays; -1 stands for the high watermark.</summary>
        public long Offset { get; set; }
    }
}

/// <summary>Where the partitions begin now.</summary>
[Response(typeof(DeleteRecordsRequest))]
public sealed partial class DeleteRecordsResponse
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
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The first offset that can be read; -1 after an error.</summary>
        public long LowWatermark { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }
}
