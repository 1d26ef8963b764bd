using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Appends record batches to partitions. Versions 0 to 2 are advertised for old clients' feature tests, but close the connection.</summary>
[Request(ApiKey.Produce, MinVersion = 3, MaxVersion = 12, AdvertisedMin = 0, FlexibleFrom = 9)]
public sealed partial class ProduceRequest
{
    /// <summary>The transaction that the batches belong to; null outside one.</summary>
    public string? TransactionalId { get; set; }

    /// <summary>Who holds the batches before the reply: 0 nobody (and no reply), 1 the leader, -1 every replica.</summary>
    public short Acks { get; set; }

    /// <summary>How long the replicas may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; }

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

        /// <summary>Record batches, byte for byte as they are stored; null for none. Borrowed from the request's frame.</summary>
        public ReadOnlyMemory<byte>? Records { get; set; }
    }
}

/// <summary>What became of each appended batch. Not sent at all when the request said that nobody need hold the batches.</summary>
[Response(typeof(ProduceRequest))]
public sealed partial class ProduceResponse
{
    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>Addresses of the leaders that this response names.</summary>
    [Since(10), Tag(0)]
    public List<NodeEndpoint> NodeEndpoints { get; set; } = [];

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

        /// <summary>The offset of the first record; -1 after an error.</summary>
        public long BaseOffset { get; set; }

        /// <summary>When the batch was appended, in milliseconds since 1970, if the topic uses that as its records' time; else -1.</summary>
        public long LogAppendTimeMs { get; set; } = -1;

        /// <summary>The first offset that can be read; -1 if unknown.</summary>
        [Since(5), Ignorable]
        public long LogStartOffset { get; set; } = -1;

        /// <summary>The records that were the reason to refuse the batch; empty if it was the batch itself.</summary>
        [Since(8), Ignorable]
        public List<RecordError> RecordErrors { get; set; } = [];

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        [Since(8), Ignorable]
        public string? ErrorMessage { get; set; }

        /// <summary>Who leads the partition, told with the errors that say "not me"; null otherwise.</summary>
        [Since(10), Tag(0)]
        public LeaderIdAndEpoch? CurrentLeader { get; set; }
    }

    /// <summary>A record that was refused, and with it its batch.</summary>
    public sealed partial class RecordError
    {
        /// <summary>The record's place in its batch.</summary>
        public int RecordIndex { get; set; }

        /// <summary>What was wrong with the record, in words.</summary>
        public string? ErrorMessage { get; set; }
    }

    /// <summary>Who leads the partition now. Written only when the client went to the wrong broker.</summary>
    public sealed partial class LeaderIdAndEpoch
    {
        /// <summary>The leading broker's id; -1 for none.</summary>
        public int LeaderId { get; set; } = -1;

        /// <summary>The leader epoch; -1 if unknown.</summary>
        public int LeaderEpoch { get; set; } = -1;
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
