namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>How long tests wait for what must come.</summary>
internal static class TestLimits
{
    public static readonly TimeSpan Answer = TimeSpan.FromSeconds(30);

    /// <summary>Long enough for bytes on loopback to arrive if nothing held them.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(200);
}
