using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Reads record batches from partitions, waiting until enough of them are there. May refer to a session that remembers its partitions.</summary>
[Request(ApiKey.Fetch, MinVersion = 4, MaxVersion = 18, FlexibleFrom = 12)]
public sealed partial class FetchRequest
{
    /// <summary>The cluster that a follower believes to be in; null from consumers.</summary>
    [Since(12), Tag(0), Ignorable]
    public string? ClusterId { get; set; }

    /// <summary>The follower that asks; -1 for consumers.</summary>
    [Until(14)]
    public int ReplicaId { get; set; } = -1;

    /// <summary>The follower that asks, in place of its id alone; null from consumers.</summary>
    [Since(15), Tag(1)]
    public Replica? ReplicaState { get; set; }

    /// <summary>How long to wait for <see cref="MinBytes"/>, in milliseconds.</summary>
    public int MaxWaitMs { get; set; }

    /// <summary>Bytes that must be there before the answer is sent early.</summary>
    public int MinBytes { get; set; }

    /// <summary>Bytes of records in the whole answer; exceeded only by a first batch that is larger.</summary>
    public int MaxBytes { get; set; } = int.MaxValue;

    /// <summary>Whether records of open and aborted transactions are left out.</summary>
    public IsolationLevel IsolationLevel { get; set; }

    /// <summary>The fetch session; 0 for none.</summary>
    [Since(7), Ignorable]
    public int SessionId { get; set; }

    /// <summary>The request's number in the session; 0 asks for a new session, -1 for none.</summary>
    [Since(7), Ignorable]
    public int SessionEpoch { get; set; } = -1;

    /// <summary>The topics to read; in a session only those that are new or changed.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>Partitions that leave the session.</summary>
    [Since(7)]
    public List<ForgottenTopic> ForgottenTopics { get; set; } = [];

    /// <summary>The consumer's rack; empty if it has none.</summary>
    [Since(11), Ignorable]
    public string RackId { get; set; } = "";

    /// <summary>What a follower says about itself. Consumers leave it out.</summary>
    public sealed partial class Replica
    {
        /// <summary>The follower that asks; -1 for consumers.</summary>
        public int ReplicaId { get; set; } = -1;

        /// <summary>The epoch of the follower's registration; -1 if unknown.</summary>
        public long ReplicaEpoch { get; set; } = -1;
    }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        [Until(12), Ignorable]
        public string Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(13), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The leader epoch that the client knows, for the broker to compare; -1 if it knows none.</summary>
        [Since(9), Ignorable]
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The offset to read from.</summary>
        public long FetchOffset { get; set; }

        /// <summary>The epoch of the last record read, for the broker to find out whether logs have diverged; -1 if not given.</summary>
        [Since(12)]
        public int LastFetchedEpoch { get; set; } = -1;

        /// <summary>A follower's log start; -1 from consumers.</summary>
        [Since(5), Ignorable]
        public long LogStartOffset { get; set; } = -1;

        /// <summary>Bytes of records of this partition; exceeded only by a first batch that is larger.</summary>
        public int PartitionMaxBytes { get; set; }

        /// <summary>The directory of a follower's replica.</summary>
        [Since(17), Tag(0), Ignorable]
        public Guid ReplicaDirectoryId { get; set; }

        /// <summary>The high watermark that a follower knows.</summary>
        [Since(18), Tag(1), Ignorable]
        public long HighWatermark { get; set; } = long.MaxValue;
    }

    /// <summary>Partitions of a topic that leave the session.</summary>
    public sealed partial class ForgottenTopic
    {
        /// <summary>The topic's name.</summary>
        [Until(12), Ignorable]
        public string Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(13), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}

/// <summary>Record batches of the partitions that were asked for. In a session only those partitions appear that have something to tell.</summary>
[Response(typeof(FetchRequest))]
public sealed partial class FetchResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    [Since(7), Ignorable]
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The fetch session that was made or continued; 0 for none.</summary>
    [Since(7)]
    public int SessionId { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>Addresses of the leaders that this response names.</summary>
    [Since(16), Tag(0)]
    public List<NodeEndpoint> NodeEndpoints { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        [Until(12), Ignorable]
        public string Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(13), Ignorable]
        public TopicId TopicId { get; set; }

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

        /// <summary>The offset up to which records are durable: consumers read below it.</summary>
        public long HighWatermark { get; set; }

        /// <summary>The offset below which no transaction is open; -1 if not given.</summary>
        public long LastStableOffset { get; set; } = -1;

        /// <summary>The first offset that can be read; -1 if unknown.</summary>
        [Since(5), Ignorable]
        public long LogStartOffset { get; set; } = -1;

        /// <summary>Where the logs part; null if they do not.</summary>
        [Since(12), Tag(0)]
        public EpochEnd? DivergingEpoch { get; set; }

        /// <summary>Who leads the partition, told with the errors that say "not me"; null otherwise.</summary>
        [Since(12), Tag(1)]
        public LeaderIdAndEpoch? CurrentLeader { get; set; }

        /// <summary>A snapshot to fetch first, for followers of the metadata log; null otherwise.</summary>
        [Since(12), Tag(2)]
        public Snapshot? Snapshot { get; set; }

        /// <summary>Transactions aborted within these records; null unless the reader wants committed records only.</summary>
        public List<AbortedTransaction>? AbortedTransactions { get; set; }

        /// <summary>The broker that the consumer had better read from; -1 for this one.</summary>
        [Since(11)]
        public int PreferredReadReplica { get; set; } = -1;

        /// <summary>Whole record batches, byte for byte as they are stored. Not copied into the frame; freed by whoever built the response. <see cref="MemoryRecords.Empty"/> for none; null is allowed, but Kafka does not send it.</summary>
        public RecordsPayload? Records { get; set; }
    }

    /// <summary>Where an epoch ended, for a follower whose log has diverged.</summary>
    public sealed partial class EpochEnd
    {
        /// <summary>The epoch; -1 if unknown.</summary>
        public int Epoch { get; set; } = -1;

        /// <summary>The offset behind its last record; -1 if unknown.</summary>
        public long EndOffset { get; set; } = -1;
    }

    /// <summary>Who leads the partition now. Written only when the client went to the wrong broker.</summary>
    public sealed partial class LeaderIdAndEpoch
    {
        /// <summary>The leading broker's id; -1 for none.</summary>
        public int LeaderId { get; set; } = -1;

        /// <summary>The leader epoch; -1 if unknown.</summary>
        public int LeaderEpoch { get; set; } = -1;
    }

    /// <summary>Names a snapshot, for a follower of the metadata log.</summary>
    public sealed partial class Snapshot
    {
        /// <summary>The offset behind its last record; -1 if unknown.</summary>
        public long EndOffset { get; set; } = -1;

        /// <summary>The epoch; -1 if unknown.</summary>
        public int Epoch { get; set; } = -1;
    }

    /// <summary>A transaction whose records a reader of committed records must skip.</summary>
    public sealed partial class AbortedTransaction
    {
        /// <summary>The producer's id; -1 for none.</summary>
        public long ProducerId { get; set; }

        /// <summary>The transaction's first offset in this partition.</summary>
        public long FirstOffset { get; set; }
    }

    /// <summary>Where a leader that was named can be reached.</summary>
    public sealed partial class NodeEndpoint
    {
        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>Its host name or address.</summary>
        public string Host { get; set; } = "";

        /// <summary>Its port.</summary>
        public int Port { get; set; }

        /// <summary>Its rack; null if it has none.</summary>
        public string? Rack { get; set; }
    }
}
