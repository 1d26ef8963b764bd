using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>The coordinator of a consumer group is killed: how long until the group commits again, and how often it rebalances.</summary>
internal sealed class CoordinatorRow : IAvailabilityRow
{
    private const int Partitions = 12;
    private const int Members = 3;
    private const int Rounds = 5;
    private const double RecordsPerSecond = 240;
    private const string Group = "availability";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    public string Name => "coordinator";

    public IReadOnlyList<string> Columns => ["coordinator of a group killed", "rounds", "until each member commits again, p50 s", "worst, s", "most rebalances of a member in a round", "not back"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        var rounds = options.Rounds ?? Rounds;
        await using var rig = await Rig.StartAsync(options);
        string[] topics = ["coordinated"];
        await rig.CreateAsync(topics, Partitions);
        await using var probe = new AckProbe(rig.Cluster.Bootstrap, [.. rig.Leaders(topics).Keys], RecordsPerSecond);
        var members = Enumerable.Range(0, Members).Select(_ => new CommittingMember(rig.Cluster.Bootstrap, topics[0], Group)).ToList();
        try
        {
            await Rig.UntilAsync(() => members.All(member => member.LastCommit is not null), Limit);
            var (times, rebalances) = (new List<TimeSpan>(), 0);
            for (var round = 0; round < rounds; round++)
            {
                await Task.Delay(Calm);
                var before = members.ConvertAll(member => member.Assignments);
                var broker = rig.Cluster.Brokers[await CoordinatorAsync(rig) - 1];
                var begun = TimeProvider.System.GetTimestamp();
                await broker.KillAsync();
                var took = await Rig.UntilAsync(() => members.All(member => member.LastCommit > begun), Limit);
                if (took is { } time) times.Add(time);

                // A second rebalance would come by the end of a session.
                await Task.Delay(Calm);
                rebalances = Math.Max(rebalances, members.Select((member, index) => member.Assignments - before[index]).Max());
                Console.WriteLine($"  round {round + 1}: broker {broker.Id}, {Figures.Seconds(took)} s, at most {rebalances} rebalances so far");
                await broker.StartAsync();
            }
            return [[rig.Cluster.Name, $"{rounds}", Figures.Seconds(Figures.At(times, 0.5)), Figures.Seconds(Figures.At(times, 1)), $"{rebalances}", $"{rounds - times.Count}"]];
        }
        finally
        {
            foreach (var member in members) await member.DisposeAsync();
        }
    }

    private static async Task<int> CoordinatorAsync(Rig rig)
    {
        var described = await rig.Admin.DescribeConsumerGroupsAsync([Group], new DescribeConsumerGroupsOptions { RequestTimeout = Limit });
        return described.ConsumerGroupDescriptions[0].Coordinator.Id;
    }
}
