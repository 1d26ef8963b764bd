using System.ComponentModel.DataAnnotations;
using OrleansStream.Log.Producers;

namespace OrleansStream.Log.Tests.Producers;

public sealed class ProducerOptionsTests
{
    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, false)]
    [InlineData(int.MaxValue, 100_000, true)]
    [InlineData(int.MaxValue, 100_001, false)]
    public void Both_bounds_of_every_option_hold(int expirationMs, int maxPerPartition, bool allowed)
    {
        var options = new ProducerOptions { IdExpirationMs = expirationMs, MaxPerPartition = maxPerPartition };
        Assert.Equal(allowed, Validator.TryValidateObject(options, new ValidationContext(options), [], validateAllProperties: true));
    }

    [Fact]
    public void The_defaults_are_those_of_the_documents()
    {
        var options = new ProducerOptions();
        Assert.Equal((86_400_000, 10_000), (options.IdExpirationMs, options.MaxPerPartition));
    }
}
