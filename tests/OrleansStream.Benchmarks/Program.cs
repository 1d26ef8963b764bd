using BenchmarkDotNet.Running;
using OrleansStream.Benchmarks.Availability;
using OrleansStream.Benchmarks.Comparison;
using OrleansStream.Benchmarks.Lanes;

if (args is ["availability", .. var availability])
{
    try
    {
        return await AvailabilityRun.ExecuteAsync(AvailabilityOptions.Parse(availability));
    }
    catch (ArgumentException error)
    {
        Console.Error.WriteLine(error.Message);
        Console.Error.WriteLine(AvailabilityOptions.Usage);
        return 2;
    }
}

try
{
    if (args is ["lane-load", .. var laneArguments]) return LaneLoad.Run(laneArguments);
    if (args is ["wal-io", .. var walArguments]) return WalIo.Run(walArguments);
    if (args is ["compare", .. var rest]) return await ComparisonRun.ExecuteAsync(ComparisonOptions.Parse(rest));
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine(ComparisonOptions.Usage);
    return 2;
}

// Anything else is BenchmarkDotNet's, for example --filter '*'.
var summaries = BenchmarkSwitcher.FromAssembly(typeof(ComparisonRun).Assembly).Run(args).ToList();

// It writes of benchmarks that could not run and ends well all the same; a script has to hear of them.
var ran = summaries.Sum(summary => summary.Reports.Count(report => report.Success));
var failed = summaries.Sum(summary => summary.BenchmarksCases.Length) - ran;
Console.WriteLine($"{ran} benchmarks ran, {failed} did not.");
return failed == 0 && (ran > 0 || args.Contains("--list")) ? 0 : 1;
