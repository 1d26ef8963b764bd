using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation;

/// <summary>Each rule that is left out must be missed: a simulation that lets a mutant live would let the same mistake live in the log.</summary>
public class MutantTests
{
    private const int MaxSeeds = 1000;

    public static TheoryData<string> Names => [.. Mutants.Mutants.All.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_mutant_is_found_within_a_thousand_seeds(string name)
    {
        for (var seed = 0; seed < MaxSeeds; seed++)
        {
            try
            {
                Schedule.Run(seed, Mutants.Mutants.All[name]);
            }
            catch (Exception error)
            {
                TestContext.Current.TestOutputHelper!.WriteLine($"Found by seed {seed}: {error.GetType().Name}: {error.Message}");
                return;
            }
        }

        Assert.Fail($"'{name}' was not found.");
    }

    [Fact]
    public void Every_mutant_of_the_storage_protocol_has_its_place_and_none_is_left_over()
    {
        var placed = Mutants.Section11.All.Values.Concat(Mutants.Section11.Beyond.Values).SelectMany(found => found.Names).ToList();
        Assert.Equal(47, Mutants.Section11.All.Count);
        Assert.Equal(Mutants.Mutants.All.Keys, placed.Order(StringComparer.Ordinal));
    }
}
