namespace OrleansStream.Log.Segments;

/// <summary>Plans that are worked on together, and what became of each so far. Used by one task.</summary>
/// <param name="Plans">Each of another partition.</param>
/// <param name="Carrier">For those that are carried.</param>
/// <param name="Cuts">For those that are not.</param>
internal sealed record SplitWork(List<SplitPlan> Plans, CarryForward Carrier, Dictionary<SplitPlan, PartitionCut> Cuts)
{
    /// <summary>To be cut by themselves: the lane did not take what was to be carried, or frames did not come in order.</summary>
    public HashSet<SplitPlan> Apart { get; } = [];

    /// <summary>Given up for now.</summary>
    public HashSet<SplitPlan> Failed { get; } = [];

    public bool IsWhole(SplitPlan plan) => !Apart.Contains(plan) && !Failed.Contains(plan);
}
