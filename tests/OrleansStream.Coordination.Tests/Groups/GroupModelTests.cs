using OrleansStream.Coordination.Groups;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>Thousands of schedules by seed: clients that join, sync, commit, leave, fall silent and come back, a journal that fails, owners that move.</summary>
public class GroupModelTests
{
    private const int SchedulesPerTest = 250;
    private const int Steps = 120;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Every_schedule_keeps_the_invariants(int part)
    {
        for (var i = 0; i < SchedulesPerTest; i++)
        {
            var seed = (part * SchedulesPerTest) + i;
            try
            {
                new GroupSchedule(seed).Run(Steps);
            }
            catch (Exception broken)
            {
                throw new InvalidOperationException($"Seed {seed}: {broken.Message}", broken);
            }
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        Assert.Equal(new GroupSchedule(17).Run(Steps), new GroupSchedule(17).Run(Steps));
        Assert.NotEqual(new GroupSchedule(17).Run(Steps), new GroupSchedule(18).Run(Steps));
    }

    // A model that never gets anywhere proves nothing.
    [Fact]
    public void The_schedules_reach_every_state()
    {
        var seen = new HashSet<GroupState>();
        for (var seed = 0; seed < 50; seed++)
        {
            var schedule = new GroupSchedule(seed);
            schedule.Run(Steps);
            seen.UnionWith(schedule.StatesSeen);
        }

        Assert.Equal(Enum.GetValues<GroupState>(), seen.Order());
    }
}
