using BenchmarkDotNet.Running;
using OrleansStream.Benchmarks.Comparison;
using OrleansStream.Benchmarks.Lanes;

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
_ = BenchmarkSwitcher.FromAssembly(typeof(ComparisonRun).Assembly).Run(args);
return 0;
