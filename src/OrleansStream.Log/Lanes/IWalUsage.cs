using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>How much of its disk the WAL takes, and what of it could be given back. Safe for any number of callers.</summary>
public interface IWalUsage
{
    /// <summary>Bytes of all WAL files, those of ended sessions too.</summary>
    long Bytes { get; }

    /// <summary>Whether the cap is so near that old parts are to be split now.</summary>
    bool IsNearCap { get; }

    /// <summary>What nothing is written to any more, the oldest first: ended sessions as a whole, then the closed files of the current one.</summary>
    IReadOnlyList<WalPart> ClosedParts();
}

/// <summary>A part of the WAL that is given back as a whole.</summary>
/// <param name="Session">Whose.</param>
/// <param name="End">The slot behind its last one; of an ended session the last there can be.</param>
/// <param name="Bytes">What the disk gets back.</param>
public sealed record WalPart(SessionId Session, Slot End, long Bytes);
