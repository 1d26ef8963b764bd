namespace OrleansStream.Architecture.Tests;

/// <summary>Fails with every place that breaks a rule, a line each: the list is what there is to do.</summary>
internal static class Findings
{
    public static void None(IEnumerable<string> found)
    {
        var all = found.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all.Prepend($"{all.Count} found:")));
    }
}
