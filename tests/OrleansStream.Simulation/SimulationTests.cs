using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation;

public class SimulationTests
{
    /// <summary>Seeds of one run; <c>infra/simulate.sh</c> sets more.</summary>
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("SIMULATION_SEEDS"), out var count) ? count : 2000;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("SIMULATION_FIRST_SEED"), out var first) ? first : 0;

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        for (var seed = 0; seed < 20; seed++) Assert.Equal(Schedule.Run(seed), Schedule.Run(seed));
    }

    [Fact]
    public void No_schedule_loses_moves_or_doubles_what_was_acknowledged()
    {
        var failures = new List<string>();
        long lives = 0, acknowledged = 0, answered = 0, segments = 0, carried = 0, deleted = 0, commands = 0, restored = 0, damages = 0, refusals = 0;
        for (var seed = FirstSeed; seed < FirstSeed + Seeds && failures.Count < 10; seed++)
        {
            try
            {
                var result = Schedule.Run(seed);
                lives += result.Lives;
                acknowledged += result.Acknowledged;
                answered += result.Answered;
                segments += result.Segments;
                carried += result.CarriedBytes;
                deleted += result.Deleted;
                commands += result.Commands;
                restored += result.Restored;
                damages += result.Damages;
                refusals += result.Refusals;
            }
            catch (Exception error)
            {
                failures.Add($"seed {seed}: {error.GetType().Name}: {error.Message}");
            }
        }

        // A simulation in which nothing happens finds nothing.
        TestContext.Current.TestOutputHelper!.WriteLine($"{Seeds} seeds: {lives} lives, {acknowledged} of {answered} answered appends acknowledged, {segments} segments cut, {carried} bytes carried forward, {deleted} topics deleted, {commands} commands, {restored} journals restored from snapshots, {damages} starts on damaged disks with {refusals} refusals.");
        Assert.True(failures.Count > 0 || Seeds < 100 || (lives > 3 * Seeds && acknowledged > 10 * Seeds && damages > Seeds / 100 && refusals > Seeds / 400), $"{lives} lives, {acknowledged} acknowledged of {answered}");
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }
}
