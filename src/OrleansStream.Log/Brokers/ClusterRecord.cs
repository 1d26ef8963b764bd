namespace OrleansStream.Log.Brokers;

/// <summary>What is fixed for the life of a cluster's data: created by the first broker, read by all others before anything else.</summary>
/// <param name="ClusterId">22 letters as Kafka has them.</param>
/// <param name="Generation">Raised by hand where storage was turned back (rule M5).</param>
/// <param name="HashSeed">Of every hash that places anything.</param>
/// <param name="HashVersion">Which hash that is.</param>
/// <param name="GroupPartitions">How many journal partitions keep groups.</param>
public sealed record ClusterRecord(string ClusterId, int Generation, long HashSeed, int HashVersion, int GroupPartitions);
