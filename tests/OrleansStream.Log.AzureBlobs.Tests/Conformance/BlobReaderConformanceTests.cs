using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.AzureBlobs.Tests.Reading;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Conformance;

public sealed class SimulatedBlobReaderTests : ExtentReaderConformance
{
    protected override ValueTask<IExtentBench> NewBenchAsync() => new(new ReadingBench());
}

public sealed class AzuriteBlobReaderTests(AzuriteFixture azurite) : ExtentReaderConformance
{
    protected override async ValueTask<IExtentBench> NewBenchAsync() => new AzuriteBench(await TestAccount.CreateAsync(azurite));
}
