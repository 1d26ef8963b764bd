using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What the metrics of a log look at and nobody else sees.</summary>
/// <param name="Recovery">How long it took.</param>
/// <param name="Wal">All WAL files.</param>
/// <param name="Reserve">What is kept of the disk.</param>
/// <param name="Reader">Reads them.</param>
/// <param name="Opening">Partitions that are being opened.</param>
/// <param name="Damaged">Partitions in which damage was found.</param>
internal sealed record FileLogSources(TimeSpan Recovery, WalFiles Wal, DiskReserve Reserve, WalReader Reader, Func<int> Opening, Func<int> Damaged);
