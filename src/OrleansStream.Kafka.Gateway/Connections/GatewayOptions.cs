using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Bounds of the Kafka gateway: what one connection and all connections together may hold.</summary>
public sealed class GatewayOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Gateway";

    /// <summary>Largest request in bytes; a larger one closes its connection. 1 KiB to 1 GiB; 100 MiB unless set (socket.request.max.bytes).</summary>
    public int MaxRequestBytes { get; set; } = 100 * Limits.MiB;

    /// <summary>Bytes of requests being read or decoded, over all connections; bytes that were only announced do not count. At the bound sockets are not read; a larger request waits alone. From 1 MiB; 64 MiB unless set.</summary>
    public long IntakeBytes { get; set; } = 64 * Limits.MiB;

    /// <summary>Bytes of records in answers under way, over all connections. At the bound fetches wait. From 1 MiB; 64 MiB unless set.</summary>
    public long ResponseBytes { get; set; } = 64 * Limits.MiB;

    /// <summary>Bytes of encoded answers under way without their records, over all connections. At the bound requests wait whose answers may be large. From 1 MiB; 32 MiB unless set.</summary>
    public long AnswerBytes { get; set; } = 32 * Limits.MiB;

    /// <summary>Requests of one connection without an answer. At the bound its socket is not read. 1 to 1024; 64 unless set.</summary>
    public int MaxUnansweredRequests { get; set; } = 64;

    /// <summary>Bytes of requests of one connection without an answer. At the bound its socket is not read; one request is always let through. From 1 KiB; 8 MiB unless set.</summary>
    public long MaxUnansweredBytes { get; set; } = 8 * Limits.MiB;

    /// <summary>Connections at a time; one more is closed at once. From 1; 10,000 unless set (max.connections).</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Connections at a time from one address. From 1; no bound unless set (max.connections.per.ip).</summary>
    public int MaxConnectionsPerAddress { get; set; } = int.MaxValue;

    /// <summary>New connections a second; what comes faster waits for its turn, at most <see cref="MaxStall"/>. From 1; no bound unless set (max.connection.creation.rate).</summary>
    public int MaxConnectionsPerSecond { get; set; } = int.MaxValue;

    /// <summary>How long a connection may be silent between requests, or wait for its last answers after them. From one second; 10 minutes unless set (connections.max.idle.ms).</summary>
    public TimeSpan MaxIdle { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a peer may take nothing of an answer, or send nothing of a request that it began, and how far a request may be behind its least rate. From one second; 30 seconds unless set.</summary>
    public TimeSpan MaxStall { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Least bytes a second of a request that has begun, averaged; it may be <see cref="MaxStall"/> behind. From 0, which is no least rate; 16 KiB unless set.</summary>
    public int MinRequestBytesPerSecond { get; set; } = 16 * Limits.KiB;

    /// <summary>Cap of the record bytes in one Fetch answer. From 1 KiB; 55 MiB unless set (fetch.max.bytes).</summary>
    public int FetchMaxBytes { get; set; } = 57_671_680;

    /// <summary>Fetch sessions that are kept; further ones replace idle ones or are refused. From 0, which refuses all; 1,000 unless set (max.incremental.fetch.session.cache.slots).</summary>
    public int MaxFetchSessions { get; set; } = 1_000;

    /// <summary>Partitions of all fetch sessions together; what would exceed them gets no session, and the client sends its whole list. From 0; 1,000,000 unless set.</summary>
    public int MaxFetchSessionPartitions { get; set; } = 1_000_000;

    /// <summary>Partitions that are being opened at a time. 1 to 1,024; 64 unless set.</summary>
    public int MaxOpening { get; set; } = 64;

    /// <summary>
    /// How long a request waits for a partition that is being opened, if its own timeout is not less: what its connection asks of other partitions waits behind it. The
    /// client hears NOT_LEADER_OR_FOLLOWER then and comes again; the opening goes on. For all but fetches the time counts from the beginning of the opening on. From 1 ms to 1 hour; 1 second unless set.
    /// </summary>
    public TimeSpan MaxOpeningWait { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most partitions in one answer of DescribeTopicPartitions. From 1; 2,000 unless set (max.request.partition.size.limit).</summary>
    public int MaxDescribedPartitions { get; set; } = 2_000;

    /// <summary>Whether a Metadata request that allows it creates the topics that it names (auto.create.topics.enable); true unless set.</summary>
    public bool AutoCreateTopics { get; set; } = true;

    /// <summary>Whether topics may be deleted (delete.topic.enable); true unless set.</summary>
    public bool DeleteTopics { get; set; } = true;

    /// <summary>Partitions of a topic whose creator did not say (num.partitions). From 1; 1 unless set.</summary>
    public int DefaultPartitions { get; set; } = 1;

    /// <summary>Replication factor of a topic whose creator did not say (default.replication.factor). From 1; 1 unless set.</summary>
    public short DefaultReplicationFactor { get; set; } = 1;

    /// <summary>Most partitions of a topic. From 1; 10,000 unless set.</summary>
    public int MaxPartitionsPerTopic { get; set; } = 10_000;

    /// <summary>Largest replication factor that is taken (and shown; storage replicates by itself). 1 to 32,767; 100 unless set.</summary>
    public short MaxReplicationFactor { get; set; } = 100;

    /// <summary>How long a change of configs may take, whose API carries no timeout of its own (request.timeout.ms). From 1 ms; 30 seconds unless set.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a commit of offsets may wait to become durable (offsets.commit.timeout.ms). From 1 ms; 5 seconds unless set.</summary>
    public TimeSpan OffsetCommitTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The path that DescribeLogDirs shows: the data directory, for a person. "/" unless set.</summary>
    public string DataPath { get; set; } = "/";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        [
            .. Between(nameof(MaxRequestBytes), MaxRequestBytes, Limits.KiB, Limits.GiB),
            .. Between(nameof(IntakeBytes), IntakeBytes, Limits.MiB, long.MaxValue),
            .. Between(nameof(ResponseBytes), ResponseBytes, Limits.MiB, long.MaxValue),
            .. Between(nameof(AnswerBytes), AnswerBytes, Limits.MiB, long.MaxValue),
            .. Between(nameof(MaxUnansweredRequests), MaxUnansweredRequests, 1, 1024),
            .. Between(nameof(MaxUnansweredBytes), MaxUnansweredBytes, Limits.KiB, long.MaxValue),
            .. Between(nameof(MaxConnections), MaxConnections, 1, int.MaxValue),
            .. Between(nameof(MaxConnectionsPerAddress), MaxConnectionsPerAddress, 1, int.MaxValue),
            .. Between(nameof(MaxConnectionsPerSecond), MaxConnectionsPerSecond, 1, int.MaxValue),
            .. Between(nameof(MaxIdle), MaxIdle.Ticks, TimeSpan.TicksPerSecond, long.MaxValue),
            .. Between(nameof(MaxStall), MaxStall.Ticks, TimeSpan.TicksPerSecond, long.MaxValue),
            .. Between(nameof(MinRequestBytesPerSecond), MinRequestBytesPerSecond, 0, int.MaxValue),
            .. Between(nameof(RequestTimeout), RequestTimeout.Ticks, TimeSpan.TicksPerMillisecond, long.MaxValue),
            .. Between(nameof(OffsetCommitTimeout), OffsetCommitTimeout.Ticks, TimeSpan.TicksPerMillisecond, long.MaxValue),
            .. Between(nameof(FetchMaxBytes), FetchMaxBytes, Limits.KiB, int.MaxValue),
            .. Between(nameof(MaxFetchSessions), MaxFetchSessions, 0, int.MaxValue),
            .. Between(nameof(MaxFetchSessionPartitions), MaxFetchSessionPartitions, 0, int.MaxValue),
            .. Between(nameof(MaxOpening), MaxOpening, 1, 1024),
            .. Between(nameof(MaxOpeningWait), MaxOpeningWait.Ticks, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerHour),
            .. Between(nameof(MaxDescribedPartitions), MaxDescribedPartitions, 1, int.MaxValue),
            .. Between(nameof(DefaultPartitions), DefaultPartitions, 1, MaxPartitionsPerTopic),
            .. Between(nameof(MaxReplicationFactor), MaxReplicationFactor, 1, short.MaxValue),
            .. Between(nameof(DefaultReplicationFactor), DefaultReplicationFactor, 1, MaxReplicationFactor),
            .. Between(nameof(MaxPartitionsPerTopic), MaxPartitionsPerTopic, 1, int.MaxValue),
        ];

    private static IEnumerable<ValidationResult> Between(string name, long value, long min, long max) =>
        value >= min && value <= max ? [] : [new($"{name} is {value}; it must lie between {min} and {max}.", [name])];
}
