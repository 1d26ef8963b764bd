using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>How much room the WAL takes, and what of it could be given back. Safe for any number of callers.</summary>
public interface IWalUsage
{
    /// <summary>Bytes of the whole WAL, what ended sessions left too.</summary>
    long Bytes { get; }

    /// <summary>Whether the cap is so near that old parts are to be split now.</summary>
    bool IsNearCap { get; }

    /// <summary>What nothing is written to any more and the cap would have emptied, the oldest first: on files ended sessions as a whole, then the closed files of the current one.</summary>
    IReadOnlyList<WalPart> ClosedParts();
}

/// <summary>A part of the WAL that is given back as a whole.</summary>
/// <param name="Session">Whose.</param>
/// <param name="End">The slot behind its last one; of an ended session the last there can be.</param>
/// <param name="Bytes">What is given back.</param>
public sealed record WalPart(SessionId Session, Slot End, long Bytes);
