namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What a producer is promised.</summary>
internal enum ProducerKind
{
    /// <summary>Every record arrives in the end, once, and in order.</summary>
    Idempotent,

    /// <summary>Nothing is sent twice and one request at a time is under way: records may be missing, none may be there twice (but see LogCheck), and acknowledged ones are in order.</summary>
    Once,

    /// <summary>Records are sent again after errors, one request at a time: they may be there more than once.</summary>
    AtLeastOnce,
}

/// <summary>One producer of a run.</summary>
/// <param name="Number">The first part of its records' names.</param>
/// <param name="Kind">What it is promised.</param>
/// <param name="Broker">The broker that alone it ever asks; null if it goes wherever the leader is.</param>
internal sealed record ProducerFacts(int Number, ProducerKind Kind, int? Broker = null);
