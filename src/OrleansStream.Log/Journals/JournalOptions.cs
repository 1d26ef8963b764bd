using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Journals;

/// <summary>When a journal partition wants a snapshot, and how many appends may wait.</summary>
public sealed class JournalOptions
{
    public const string Section = "OrleansStream:Journals";

    /// <summary>Bytes of changes after which a snapshot is wanted, unless the last snapshot was larger than half of that. 64 KiB to 1 GiB; 4 MiB unless set.</summary>
    [Between(64 * Limits.KiB, Limits.GiB)]
    public long SnapshotBytes { get; set; } = 4 * Limits.MiB;

    /// <summary>
    /// Changes after which a snapshot is wanted, or one for each 4 KiB of the last snapshot if that is more. On blobs each of them may stand in a block of its own, which a load has to ask
    /// for. 100 to 1,000,000; 1,000 unless set.
    /// </summary>
    [Between(100, 1_000_000)]
    public int SnapshotChanges { get; set; } = 1_000;

    /// <summary>Appends of one journal partition that wait for room in the lane. 1 to 1,000,000; 10,000 unless set. One more is answered REQUEST_TIMED_OUT.</summary>
    [Between(1, 1_000_000)]
    public int MaxWaitingAppends { get; set; } = 10_000;
}
