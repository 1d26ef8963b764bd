using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>What a <see cref="WalStore"/> is made of.</summary>
public sealed record WalStoreSetup
{
    public required IDisk Disk { get; init; }

    public required SessionId Session { get; init; }

    public required FileLaneOptions Options { get; init; }

    /// <summary>The largest block that the lane will ask for; a file holds at least two. <see cref="Limits.MaxBlockBytes"/> unless set: a simulation takes less, to go over to a new file often.</summary>
    public int LargestBlockBytes { get; init; } = Limits.MaxBlockBytes;

    /// <summary>What a file keeps for journals when nothing more can be prepared, and the size of the first file on a full disk.</summary>
    internal long JournalBytes => Math.Min(Limits.MaxBlockBytes, (Options.FileBytes - LargestBlockBytes) / 4 / Limits.BlockAlignment * Limits.BlockAlignment);

    /// <summary>Told of every file, for readers.</summary>
    public required WalFiles Files { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Gives the space for a small first file where the disk has none for a whole one. Null: a session does not begin on a full disk.</summary>
    public DiskReserve? Reserve { get; init; }

    /// <summary>Told of each sync. Null: nobody is.</summary>
    public WalMetrics? Metrics { get; init; }

    /// <summary>Told, in a sentence, of what needs a person and does not end the lane. Null: nobody is.</summary>
    public Action<string, Exception?>? Note { get; init; }

    /// <summary>Runs work on files that must not delay a flush, one piece after the other. On the spot unless set, as a simulation does it.</summary>
    public Action<Action> RunApart { get; init; } = static work => work();
}
