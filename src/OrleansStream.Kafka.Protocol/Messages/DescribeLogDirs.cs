using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks how much room partitions take on disk.</summary>
[Request(ApiKey.DescribeLogDirs, MinVersion = 1, MaxVersion = 4, FlexibleFrom = 2)]
public sealed partial class DescribeLogDirsRequest
{
    /// <summary>The topics; null for all.</summary>
    public List<Topic>? Topics { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}

/// <summary>The directories that hold partitions, with sizes.</summary>
[Response(typeof(DescribeLogDirsRequest))]
public sealed partial class DescribeLogDirsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    [Since(3), Ignorable]
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The directories.</summary>
    public List<Directory> Directories { get; set; } = [];

    /// <summary>One directory.</summary>
    public sealed partial class Directory
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>Its absolute path.</summary>
        public string Path { get; set; } = "";

        /// <summary>The topics.</summary>
        public List<Topic> Topics { get; set; } = [];

        /// <summary>Size of the volume in bytes; -1 if unknown.</summary>
        [Since(4), Ignorable]
        public long TotalBytes { get; set; } = -1;

        /// <summary>Free bytes on the volume; -1 if unknown.</summary>
        [Since(4), Ignorable]
        public long UsableBytes { get; set; } = -1;
    }

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

        /// <summary>Bytes that the partition takes.</summary>
        public long SizeBytes { get; set; }

        /// <summary>How many offsets it is behind.</summary>
        public long OffsetLag { get; set; }

        /// <summary>Whether it is a copy on its way into this directory.</summary>
        public bool IsFuture { get; set; }
    }
}
