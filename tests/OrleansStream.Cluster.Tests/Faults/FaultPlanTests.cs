namespace OrleansStream.Cluster.Tests.Faults;

public sealed class FaultPlanTests
{
    private const int Brokers = 3;
    private const int ManyRounds = 600;

    private static List<Fault> Faults(int seed) => [.. new FaultPlan(seed, FaultKinds.All, Brokers).Rounds().Take(ManyRounds).SelectMany(round => round)];

    [Fact]
    public void The_same_seed_gives_the_same_faults() => Assert.Equal(Faults(7), Faults(7));

    [Fact]
    public void Another_seed_gives_others() => Assert.NotEqual(Faults(7), Faults(8));

    [Fact]
    public void One_of_each_has_each_kind_once() =>
        Assert.Equal(FaultKinds.All, new FaultPlan(7, FaultKinds.All, Brokers).OneOfEach().Select(Assert.Single).Select(fault => fault.Kind).Order());

    [Fact]
    public void Of_300_faults_at_least_20_are_of_each_kind()
    {
        var counts = Faults(7).Take(300).CountBy(fault => fault.Kind).ToDictionary();

        Assert.All(FaultKinds.All, kind => Assert.True(counts[kind] >= 20, $"{kind}: {counts[kind]}"));
    }

    [Fact]
    public void A_third_of_the_freezes_lasts_longer_than_it_takes_to_be_declared_dead()
    {
        var freezes = Faults(7).Where(fault => fault.Kind is FaultKind.Freeze or FaultKind.LongFreeze).ToList();

        Assert.All(freezes, freeze => Assert.InRange(freeze.Lasts, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)));
        Assert.InRange(freezes.Count(freeze => freeze.Lasts > TimeSpan.FromSeconds(10)) / (double)freezes.Count, 0.3, 0.37);
    }

    [Fact]
    public void Two_faults_at_once_are_of_two_brokers_and_a_rolling_restart_is_alone()
    {
        var rounds = new FaultPlan(7, FaultKinds.All, Brokers).Rounds().Take(ManyRounds).ToList();

        Assert.All(rounds, round => Assert.Equal(round.Count, round.DistinctBy(fault => fault.Broker).Count()));
        Assert.All(rounds.Where(round => round.Any(fault => fault.Kind == FaultKind.Roll)), round => Assert.Single(round));
        Assert.InRange(rounds.Count(round => round.Count == 2) / (double)ManyRounds, 0.3, 0.6);
    }

    [Fact]
    public void Brokers_are_those_that_there_are_and_none_is_its_own_peer()
    {
        var faults = Faults(7);

        Assert.Equal([1, 2, 3], faults.Select(fault => fault.Broker).Distinct().Order());
        Assert.All(faults.Where(fault => fault.Peer is not null), fault => Assert.InRange(fault.Peer!.Value, 1, Brokers));
        Assert.DoesNotContain(faults, fault => fault.Peer == fault.Broker);
    }

    [Fact]
    public void A_cluster_of_one_is_hit_one_fault_at_a_time() =>
        Assert.All(new FaultPlan(7, [FaultKind.Kill, FaultKind.Freeze, FaultKind.Stop], brokers: 1).Rounds().Take(ManyRounds), round => Assert.Single(round));
}
