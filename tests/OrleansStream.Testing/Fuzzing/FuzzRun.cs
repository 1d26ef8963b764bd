using System.Diagnostics;
using System.Globalization;

namespace OrleansStream.Testing.Fuzzing;

/// <summary>
/// Feeds damaged bytes to decoders. FUZZ_MINUTES makes a run as long as wanted, FUZZ_SEED repeats one; without them a fixed seed and a fixed number of tries,
/// so that the test command always does the same.
/// </summary>
public static class FuzzRun
{
    /// <summary>Tries until the time or the number is reached.</summary>
    /// <param name="targets">What is tried; each try takes one by chance.</param>
    /// <param name="tries">Without FUZZ_MINUTES.</param>
    /// <returns>How many tries were made, or what the first finding is.</returns>
    public static (long Tries, string? Finding) Run(IReadOnlyList<FuzzTarget> targets, int tries)
    {
        var minutes = double.TryParse(Environment.GetEnvironmentVariable("FUZZ_MINUTES"), CultureInfo.InvariantCulture, out var set) ? set : 0;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), out var given) ? given : minutes > 0 ? Environment.TickCount : 1;
        Console.WriteLine($"Fuzzing with FUZZ_SEED={seed}.");
        var random = new Random(seed);
        var mutators = targets.Select(target => new Mutator(random, target.Corpus)).ToList();
        var clock = Stopwatch.StartNew();
        long done = 0;
        for (; minutes > 0 ? clock.Elapsed.TotalMinutes < minutes : done < tries; done++)
        {
            var index = random.Next(targets.Count);
            var target = targets[index];
            var bytes = mutators[index].Next(target.Corpus[random.Next(target.Corpus.Count)], keep: 0);

            // Most damage would end at the checksum; what lies behind it is reached by bytes whose checksum is right.
            if (random.Next(4) != 0) bytes = target.Seal(bytes);
            if (Try(target, bytes) is { } finding) return (done, $"{target.Name}, seed {seed}, try {done}: {finding}\n{Convert.ToHexStringLower(bytes)}");
        }

        Console.WriteLine($"{done} tries in {clock.Elapsed.TotalSeconds:F0} s, no finding.");
        return (done, null);
    }

    private static string? Try(FuzzTarget target, byte[] bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Decode(bytes);
        }
        catch (Exception exception) when (target.Refusals.Any(refusal => refusal.IsInstanceOfType(exception)))
        {
            // What a decoder may say about garbage.
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= target.FixedAllocation + (target.AllocationPerByte * (long)bytes.Length) ? null : $"{allocated} bytes were allocated for {bytes.Length}";
    }
}
