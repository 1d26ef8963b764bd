using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Journals;

/// <summary>The state that a journal partition keeps, as its loading sees it: a snapshot, then each change in order.</summary>
public interface IJournalState
{
    /// <summary>Begins from a snapshot. Called at most once, before any change.</summary>
    /// <param name="snapshot">What the state once gave to <see cref="JournalPartition.SnapshotAsync"/>. Borrowed for the call.</param>
    /// <exception cref="LogException">It cannot be read: loading fails.</exception>
    void Restore(ReadOnlySpan<byte> snapshot);

    /// <summary>Applies one change.</summary>
    /// <param name="offset">Its offset in the journal.</param>
    /// <param name="change">As appended. Borrowed for the call.</param>
    /// <exception cref="LogException">It cannot be read: loading fails.</exception>
    void Apply(Offset offset, ReadOnlySpan<byte> change);
}
