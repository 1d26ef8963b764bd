namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

public sealed record SampleState
{
    public string? Text { get; set; }

    public long Number { get; set; }
}
