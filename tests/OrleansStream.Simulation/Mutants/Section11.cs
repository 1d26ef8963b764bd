namespace OrleansStream.Simulation.Mutants;

/// <summary>
/// Every mutant that the storage protocol lists, and what becomes of it here: found by schedules of one broker with files or of a cluster under the names
/// given, found by a test that is named, or why neither can have it.
/// </summary>
internal static class Section11
{
    /// <summary>
    /// Mutants of rules that the protocol's list leaves out: footers (rule F5), objects that are to be durable before a manifest names them (F1, F2), slots that
    /// are taken (W1), brokers that stood still (W2), fences (X3), the wait before a release (L3), undecided claims (M2), what is told of blocks without an
    /// outcome (B3), tombstones (D3), saved producers (D6), what a segment covers (S2), and what is read in the place of blocks (docs/adr/0015).
    /// </summary>
    public static readonly IReadOnlyDictionary<string, Found> Beyond = new Dictionary<string, Found>
    {
        ["footer that says what is not so"] = Found.BySeeds("footer that leaves out a partition", "footer with a highest slot that is too low", "footer with a last offset that is too high"),
        ["slot that is taken"] = Found.InClusters("conflict on a block taken for success"),
        ["frames of a block without an outcome told as refused"] = Found.BySeeds("what may be stored told as refused").AndInClusters("what may be stored told as refused"),
        ["recovery of a session that is not ended"] = Found.InClusters("no fence"),
        ["undecided claim taken for success"] = Found.InClusters("undecided claim taken for success"),
        ["groups told of by a broker that stood still"] = Found.InClusters("groups told of while stalled"),
        ["digest that says what is not so"] = Found.InClusters("digest before its blocks are durable", "digest that leaves out what its blocks hold", "digest with a last offset that is too low", "digest that disagrees with the block after it"),
        ["segment with a hole"] = Found.InClusters("split leaves out a frame of a block"),
        ["producers that nobody saved"] = Found.BySeeds("records gone before their producers are saved"),
        ["tombstone forgotten too early"] = Found.BySeeds("tombstone forgotten in the life that wrote it"),
        ["objects that are not durable when a manifest names them"] = Found.BySeeds("no data sync of segments and snapshots", "no directory sync of segments and snapshots"),
        ["producers that nobody reads"] = Found.BySeeds("producers of ended sessions not handed on").AndInClusters("producers of ended sessions not handed on", "producers of segments not handed on"),
        ["release before all is published"] = Found.InClusters("release that does not drain"),
        ["release of what was prepared while the partition was served, without what came after"] = Found.InClusters("release of what was prepared only"),
        ["footer accepted without its chain"] = Found.ByTest(nameof(DamageTests.F5_damage_to_a_block_that_a_footer_is_chained_to_stops_the_start_unless_footers_are_believed_without)),
    };

    public static readonly IReadOnlyDictionary<string, Found> All = new Dictionary<string, Found>
    {
        ["no data sync"] = Found.BySeeds("no data sync", "no data sync of the metadata journal"),
        ["no directory sync"] = Found.BySeeds("no directory sync", "no directory sync of the metadata journal"),
        ["acknowledge before durable"] = Found.BySeeds("acknowledge before durable", "failed write taken for success").AndInClusters("acknowledge before durable"),
        ["publish out of order"] = Found.BySeeds("publish out of order"),
        ["publish after the end"] = Found.BySeeds("publish after the end").AndInClusters("publish after the end"),
        ["no durable-end check"] = Found.ByTest(nameof(CrashPointTests.Without_the_durable_end_in_headers_the_same_damage_would_pass_for_a_torn_tail)),
        ["no closed-epoch check"] = Found.BySeeds("no closed-epoch check", "closed-epoch check without the drain").AndInClusters("no closed-epoch check"),
        ["release without closing the epoch"] = Found.InClusters("release without closing the epoch"),
        ["open in the own session without a manifest write"] = Found.BySeeds("open in the own session without a manifest write").AndInClusters("open in the own session without a manifest write"),
        ["log end from published frames only"] = Found.BySeeds("log end from published frames only").AndInClusters("log end from published frames only"),
        ["log end from accepted frames"] = Found.BySeeds("log end from accepted frames"),
        ["log end from the manifest only"] = Found.BySeeds("log end from the manifest only").AndInClusters("log end from the manifest only"),
        ["recovery or cut filtered by epoch or slot"] = Found.BySeeds("recovery filtered by epoch", "recovery filtered by slot", "recovery leaves out the last run", "cut filtered by epoch").AndInClusters("recovery filtered by epoch", "recovery leaves out the last run"),
        ["own-session extents dropped"] = Found.BySeeds("own-session extents dropped").AndInClusters("own-session extents dropped"),
        ["hand-over drops inherited extents"] = Found.BySeeds("hand-over drops inherited extents").AndInClusters("hand-over drops inherited extents", "hand-over of the manifest's extents only"),
        ["release although the session changed"] = Found.InClusters("release although the session changed"),
        ["conflict taken for success"] = Found.BySeeds("conflict taken for success").AndInClusters("conflict taken for success"),
        ["conflict on a fence taken for fenced"] = Found.InClusters("conflict on a fence taken for fenced"),
        ["any fence taken for the end"] = Found.InClusters("any fence taken for the end"),
        ["walk from the partition's slot"] = Found.InClusters("walk from the highest slot"),
        ["no compare-and-set on the manifest"] = Found.BySeeds("no compare-and-set on the manifest").AndInClusters("no compare-and-set on the manifest"),
        ["claim sent again with a new ETag and old extents"] = Found.BySeeds("claim sent again with a new ETag and old extents").AndInClusters("claim sent again with a new ETag and old extents"),
        ["undecided write taken for failed"] = Found.BySeeds("undecided write taken for failed").AndInClusters("undecided write taken for failed"),
        ["delete before the trim record"] = Found.ByTest(nameof(TrimTests.Deleting_before_the_trim_point_is_recorded_would_be_found)).AndInClusters("delete before the trim record"),
        ["trim not frozen"] = Found.InClusters("trim not frozen"), // Where blocks outlive the trim by nothing: a recovery seldom lasts as long as the read grace.
        ["deactivated partition not pinned"] = Found.BySeeds("deactivated partition not pinned").AndInClusters("deactivated partition not pinned"),
        ["trim above slots in flight"] = Found.BySeeds("trim above slots in flight", "trim as far as is written").AndInClusters("trim above what is needed", "trim as far as is written"),
        ["carry replaces the slot before publication"] = Found.ByTest(nameof(LetGoCrashTests.A_cut_while_frames_are_carried_and_the_lane_trims_loses_nothing_unless_slots_are_replaced_early)).AndInClusters("carry replaces the slot before publication"),
        ["inherited extents dropped before the carried block is published"] = Found.InClusters("inherited extents dropped before the carried block is published"),
        ["contained change accepted for a claim"] = Found.ByTest(nameof(ClaimTests.A_claim_that_lost_to_one_like_it_is_made_anew_or_serves_what_is_gone)),
        ["offset and place in two critical sections"] = Found.BySeeds("offset and place in two critical sections"),
        ["recovered bytes not synced again"] = Found.BySeeds("recovered bytes not synced again", "recovered bytes synced but not written again"),
        ["session without a record"] = Found.BySeeds("session without a record").AndInClusters("session without a record"),
        ["close when merely re-owned"] = Found.BySeeds("close when merely re-owned").AndInClusters("close when merely re-owned"),
        ["Wal extents into pendingDelete"] = Found.BySeeds("Wal extents into pendingDelete"),
        ["split out of order"] = Found.BySeeds("split out of order").AndInClusters("split out of order"),
        ["split drops all Wal extents"] = Found.BySeeds("split drops all Wal extents").AndInClusters("split drops all Wal extents"),
        ["a carried frame forgotten"] = Found.ByTest(nameof(LetGoCrashTests.What_is_carried_forward_is_still_the_lane_s_unless_it_is_forgotten)).AndInClusters("a carried frame forgotten"),
        ["second entry for a carried frame"] = Found.Nowhere("The index cannot be given a second entry from outside, neither on files nor on blobs: the lane alone adds to it, by what it publishes; the unit tests of the lane index hold it to one (rule S4)."),
        ["log end from the last extent only"] = Found.BySeeds("log end without log start").AndInClusters("log end without log start"),
        ["old image after a conflict"] = Found.BySeeds("old image after a conflict").AndInClusters("old image after a conflict"),
        ["sweep deletes by age directly"] = Found.ByTest(nameof(SweepTests.D4_a_segment_that_waits_a_day_for_its_name_is_listed_and_never_deleted_directly)),
        ["re-use after a conflict without HEAD"] = Found.Nowhere("The sweep takes away what its writer may still name only after a day, in which a world's brokers have long been replaced; the unit tests of the splitter hold a conflict in its way and take the segment away (rule D4)."),
        ["grace counted from before the write"] = Found.InClusters("grace counted from before the write"),
        ["sweep judges blocks"] = Found.BySeeds("sweep judges blocks").AndInClusters("sweep judges blocks"),
        ["dead sessions without partitions never closed"] = Found.BySeeds("dead sessions without partitions never closed").AndInClusters("dead sessions without partitions never closed"),
        ["no tombstone of a deleted topic"] = Found.BySeeds("no tombstone of a deleted topic").AndInClusters("no tombstone of a deleted topic"),
    };
}

/// <summary>What becomes of a mutant.</summary>
/// <param name="Names">Those that stand for it in the list of mutants.</param>
/// <param name="Test">The test that finds it.</param>
/// <param name="WhyNot">Why it is not found here.</param>
internal sealed record Found(IReadOnlyList<string> Names, string? Test, string? WhyNot)
{
    /// <summary>Those that stand for it in the list of a cluster's mutants.</summary>
    public IReadOnlyList<string> ClusterNames { get; private init; } = [];

    /// <summary>It is found in clusters too.</summary>
    public Found AndInClusters(params string[] mutants) => this with { ClusterNames = mutants };

    public static Found BySeeds(params string[] mutants) => new(mutants, null, null);

    public static Found ByTest(string test) => new([], test, null);

    public static Found InClusters(params string[] mutants) => new([], null, null) { ClusterNames = mutants };

    public static Found Nowhere(string why) => new([], null, why);
}
