using OrleansStream.Coordination.Groups.Journal;

namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>
/// Changes that belong into the journal together, whole or not at all. The owner appends writes in the order of their
/// sequence and reports each once, to <see cref="ConsumerGroup.OnPersisted"/> or <see cref="ConsumerGroup.OnPersistFailed"/>;
/// the answers that wait for it come out of that call.
/// </summary>
/// <param name="Sequence">From 1, without a gap, in the life of one <see cref="ConsumerGroup"/> object.</param>
/// <param name="Changes">Never empty.</param>
public sealed record JournalWrite(long Sequence, IReadOnlyList<GroupChange> Changes);
