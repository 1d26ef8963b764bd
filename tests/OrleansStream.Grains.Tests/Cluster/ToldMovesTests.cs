using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Cluster;

// What people read of brokers that come, leave and die: a line with numbers, and none for each partition.
[Collection(nameof(BrokerClusterTests))]
public sealed partial class ToldMovesTests
{
    private const int Partitions = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_a_broker_that_is_gone_each_other_one_says_which_it_was_what_it_takes_over_and_when_it_serves()
    {
        await using var cluster = await StartAsync();
        var dead = cluster.Brokers[1];
        var served = dead.Log.Handles.Count;
        List<TestBroker> others = [.. cluster.Brokers.Where(broker => broker.Id != dead.Id)];
        await UntilAsync(() => others.TrueForAll(broker => broker.Get<PartitionLeaders>().ServedBy(dead.Silo).Count == served));

        await cluster.KillAsync(dead);

        var mine = 0;
        foreach (var broker in others)
        {
            await UntilAsync(() => broker.Told.Any(Served().IsMatch), broker);
            var gone = Gone().Match(Assert.Single(broker.Told, Gone().IsMatch));
            Assert.Equal(($"{dead.Id}", $"localhost:{9000 + dead.Id.Value}", $"{dead.Log.Session}"), (gone.Groups["broker"].Value, gone.Groups["address"].Value, gone.Groups["session"].Value));
            var back = Served().Match(Assert.Single(broker.Told, Served().IsMatch));
            Assert.Equal((gone.Groups["mine"].Value, $"{dead.Id}"), (back.Groups["mine"].Value, back.Groups["broker"].Value));
            Assert.InRange(broker.Log.Handles.Count, Number(gone, "mine"), int.MaxValue);
            mine += Number(gone, "mine");
            AssertNoPartitions(broker);
        }

        Assert.Equal(served, mine);
    }

    [Fact]
    public async Task A_broker_that_leaves_says_once_who_took_how_much_and_the_others_that_it_has_left()
    {
        await using var cluster = await StartAsync();
        var leaving = cluster.Brokers[1];
        var (id, served, session) = (leaving.Id, leaving.Log.Handles.Count, leaving.Log.Session);
        List<TestBroker> others = [.. cluster.Brokers.Where(broker => broker.Id != id)];

        await leaving.Get<BrokerDrain>().LeaveAsync(Stop);

        // All of it, so that no other line has told of a part. What the catalog did before the cluster had settled may be told beside it.
        var left = Left().Match(Assert.Single(leaving.Told, Left().IsMatch));
        Assert.Equal((served, 0), (Number(left, "moved"), Number(left, "left")));
        Assert.Equal(served, left.Groups["targets"].Value.Split(", ").Sum(static target => int.Parse(target.Split(' ')[0], CultureInfo.InvariantCulture)));
        AssertNoPartitions(leaving);

        await cluster.StopAsync(leaving);
        foreach (var broker in others)
        {
            var expected = $"Broker {id} (localhost:{9000 + id.Value}; session {session}) has left: this broker takes over 0 partitions that it served";
            await UntilAsync(() => broker.Told.Contains(expected), broker);
        }
    }

    [Fact]
    public async Task What_goes_to_a_broker_that_joins_is_told_in_one_line_with_its_number()
    {
        await using var cluster = await StartAsync();
        List<TestBroker> before = [.. cluster.Brokers];

        var joined = await cluster.JoinAsync();

        // Placement may give it nothing of one of them.
        await UntilAsync(() => joined.Log.Handles.Count > 0 && before.Sum(broker => ToldTo(joined, broker)) == joined.Log.Handles.Count, before[0]);
        foreach (var broker in before)
        {
            Assert.InRange(broker.Told.Count(line => HandedOver().Match(line) is { Success: true } match && TakenBy(joined, match) > 0), 0, 1);
            AssertNoPartitions(broker);
        }
    }

    private static int ToldTo(TestBroker target, TestBroker giver) => giver.Told.Select(line => HandedOver().Match(line)).Where(static match => match.Success).Sum(match => TakenBy(target, match));

    private static int TakenBy(TestBroker target, Match handedOver) => handedOver.Groups["targets"].Value.Split(", ").Select(static part => part.Split(' '))
        .Where(part => part[^1] == $"{target.Id}").Sum(static part => int.Parse(part[0], CultureInfo.InvariantCulture));

    private static async Task<BrokerCluster> StartAsync()
    {
        var cluster = await BrokerCluster.StartSettledAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("told", Partitions);
        foreach (var partition in Enumerable.Range(0, Partitions).Select(index => new PartitionId(topic.Id, index)))
        {
            var owner = cluster.Brokers[0].Members.OwnerOf(partition);
            Assert.Equal(ErrorCode.None, (await cluster.Brokers.Single(broker => broker.Id == owner).AppendAsync(partition)).Error);
        }

        return cluster;
    }

    private static void AssertNoPartitions(TestBroker broker)
    {
        var topic = broker.View.Current.Find("told")!.Id.ToString();
        Assert.DoesNotContain(broker.Told, line => line.Contains(topic, StringComparison.Ordinal) || line.Contains("told-", StringComparison.Ordinal));
    }

    private static int Number(Match match, string part) => int.Parse(match.Groups[part].Value, CultureInfo.InvariantCulture);

    private static async Task UntilAsync(Func<bool> condition, TestBroker? teller = null)
    {
        for (var started = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(10, Stop)) Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, string.Join('\n', teller?.Told ?? []));
    }

    [GeneratedRegex(@"^Broker (?<broker>\d+) \((?<address>\S+); session (?<session>\S+)\) is gone: this broker takes over (?<mine>\d+) partitions that it served$")]
    private static partial Regex Gone();

    [GeneratedRegex(@"^All (?<mine>\d+) partitions taken over from broker (?<broker>\d+) serve, \d+\.\d{3} s after it was found gone$")]
    private static partial Regex Served();

    [GeneratedRegex(@"^Handed over (?<moved>\d+) partitions in \d+\.\d{3} s \((?<targets>[^)]+)\)$")]
    private static partial Regex HandedOver();

    [GeneratedRegex(@"^This broker leaves: handed over (?<moved>\d+) partitions in \d+\.\d{3} s \((?<targets>[^)]+)\); (?<left>\d+) are left to be taken over$")]
    private static partial Regex Left();
}
