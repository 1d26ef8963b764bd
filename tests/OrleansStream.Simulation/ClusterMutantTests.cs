using OrleansStream.Simulation.Clusters;
using OrleansStream.Simulation.Mutants;

namespace OrleansStream.Simulation;

/// <summary>Each rule of several brokers that is left out must be missed.</summary>
public class ClusterMutantTests
{
    private const int MaxSeeds = 1000;

    /// <summary>All of them, or those whose name holds what <c>SIMULATION_MUTANT</c> says.</summary>
    public static TheoryData<string> Names => [.. ClusterMutants.All.Keys.Where(static name => name.Contains(Environment.GetEnvironmentVariable("SIMULATION_MUTANT") ?? string.Empty, StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Names))]
    public void A_mutant_of_a_cluster_is_found_within_a_thousand_seeds(string name)
    {
        for (var seed = 0; seed < MaxSeeds; seed++)
        {
            try
            {
                ClusterSchedule.Run(seed, ClusterMutants.All[name]);
            }
            catch (Exception error)
            {
                var message = error.Message;
                TestContext.Current.TestOutputHelper!.WriteLine($"'{name}' is found by seed {seed}: {error.GetType().Name}: {message[..(message.IndexOf('\n') is > 0 and var end ? end : message.Length)]}");
                return;
            }
        }

        Assert.Fail($"'{name}' was not found.");
    }

    [Fact]
    public void Every_mutant_of_a_cluster_has_its_place_in_the_storage_protocol()
    {
        var placed = Section11.All.Values.Concat(Section11.Beyond.Values).SelectMany(found => found.ClusterNames);
        Assert.Equal(ClusterMutants.All.Keys, placed.Order(StringComparer.Ordinal));
    }
}
