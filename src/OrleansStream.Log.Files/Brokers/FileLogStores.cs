using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What a start has found on the disk.</summary>
internal sealed record FileLogStores(ReservedDisk Disk, MetadataJournal Metadata, FileLaneRecovery Recovery, WalFiles Files);
