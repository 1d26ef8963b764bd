namespace OrleansStream.Benchmarks.Lanes;
internal static class WalIo { public static int Run(string[] args) => args.Length; }
