namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What was done and what came of it.</summary>
/// <param name="Began">Since the start of the run.</param>
/// <param name="WrittenAfter">From the end of the last fault until a record offered after it was acknowledged on every partition.</param>
/// <param name="ReadAfter">Until the group and the reader had them too.</param>
internal sealed record DoneRound(IReadOnlyList<Fault> Faults, TimeSpan Began, TimeSpan WrittenAfter, TimeSpan ReadAfter);
