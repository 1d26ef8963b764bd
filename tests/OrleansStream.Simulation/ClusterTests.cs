using OrleansStream.Simulation.Clusters;

namespace OrleansStream.Simulation;

/// <summary>Several brokers on one container, over the shipped classes.</summary>
public class ClusterTests
{
    /// <summary>Seeds of one run; <c>infra/simulate.sh</c> sets more.</summary>
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("SIMULATION_SEEDS"), out var count) ? count : 2000;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("SIMULATION_FIRST_SEED"), out var first) ? first : 0;

    [Fact]
    public void The_same_seed_gives_the_same_run_of_a_cluster()
    {
        for (var seed = 0; seed < 20; seed++) Assert.Equal(ClusterSchedule.Run(seed), ClusterSchedule.Run(seed));
    }

    [Fact]
    public void No_schedule_of_a_cluster_loses_moves_or_doubles_what_was_acknowledged()
    {
        var failures = new List<string>();
        long lives = 0, acknowledged = 0, opened = 0, released = 0, commits = 0, prepared = 0, objects = 0, objectsDeleted = 0, blocksDeleted = 0;
        for (var seed = FirstSeed; seed < FirstSeed + Seeds && failures.Count < 10; seed++)
        {
            try
            {
                var result = ClusterSchedule.Run(seed);
                lives += result.Lives;
                acknowledged += result.Acknowledged;
                opened += result.Opened;
                released += result.Released;
                commits += result.Commits;
                prepared += result.Prepared;
                objects += result.Objects;
                objectsDeleted += result.ObjectsDeleted;
                blocksDeleted += result.BlocksDeleted;
            }
            catch (Exception error)
            {
                failures.Add($"seed {seed}: {error.GetType().Name}: {error.Message}");
            }
        }

        // A simulation in which nothing happens finds nothing.
        TestContext.Current.TestOutputHelper!.WriteLine($"{Seeds} seeds: {lives} lives, {acknowledged} appends acknowledged, {opened} partitions opened, {released} let go of, {prepared} made ready before, {commits} commits of groups acknowledged, {objects} objects written and {objectsDeleted} deleted, {blocksDeleted} blocks deleted.");
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
        Assert.True(Seeds < 100 || (lives > 3 * Seeds && acknowledged > 10 * Seeds && opened > 5 * Seeds && released > Seeds && commits > Seeds && prepared > Seeds), $"{lives} lives, {acknowledged} acknowledged, {opened} opened, {released} let go of, {commits} committed, {prepared} made ready");
    }
}
