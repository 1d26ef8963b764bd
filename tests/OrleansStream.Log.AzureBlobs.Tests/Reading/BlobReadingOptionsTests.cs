using System.ComponentModel.DataAnnotations;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Model;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class BlobReadingOptionsTests
{
    [Fact]
    public void Defaults_are_valid() => Assert.Empty(Faults(new BlobReadingOptions()));

    [Theory]
    [InlineData(nameof(BlobReadingOptions.CacheBytes), 56L * Limits.MiB, 64 * Limits.GiB)]
    [InlineData(nameof(BlobReadingOptions.DirectoryCacheBytes), Limits.MiB, 4 * Limits.GiB)]
    [InlineData(nameof(BlobReadingOptions.MaxReadAheadBytes), 0, 32 * Limits.MiB)]
    [InlineData(nameof(BlobReadingOptions.OpenRequests), 1, 256)]
    [InlineData(nameof(BlobReadingOptions.HotRequests), 1, 256)]
    [InlineData(nameof(BlobReadingOptions.ColdRequests), 1, 256)]
    [InlineData(nameof(BlobReadingOptions.BackgroundRequests), 1, 256)]
    public void Each_has_a_least_and_a_most(string option, long least, long most)
    {
        Assert.Empty(Faults(With(option, least)));
        Assert.Empty(Faults(With(option, most)));
        Assert.Contains(option, Assert.Single(Faults(With(option, least - 1))), StringComparison.Ordinal);
        Assert.Contains(option, Assert.Single(Faults(With(option, most + 1))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(BlobReadingOptions.OpenBytes))]
    [InlineData(nameof(BlobReadingOptions.HotBytes))]
    [InlineData(nameof(BlobReadingOptions.ColdBytes))]
    [InlineData(nameof(BlobReadingOptions.BackgroundBytes))]
    public void Bytes_of_each_kind_have_a_least_and_a_most(string option)
    {
        Assert.Empty(Faults(With(option, 8 * Limits.MiB)));
        Assert.Contains(option, Assert.Single(Faults(With(option, (8 * Limits.MiB) - 1))), StringComparison.Ordinal);

        var large = With(option, Limits.GiB);
        large.CacheBytes = 2 * Limits.GiB;
        Assert.Empty(Faults(large));
        Assert.Contains(option, Assert.Single(Faults(With(option, Limits.GiB + 1, large))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_cache_holds_at_least_what_may_be_read_at_once()
    {
        var options = new BlobReadingOptions { HotBytes = 16 * Limits.MiB, ColdBytes = 24 * Limits.MiB };
        Assert.Empty(Faults(options));

        options.CacheBytes = (64L * Limits.MiB) - 1;

        var fault = Assert.Single(Faults(options));
        Assert.Contains("OrleansStream:BlobReading:CacheBytes", fault, StringComparison.Ordinal);
        Assert.Contains("67108864", fault, StringComparison.Ordinal);
    }

    private static BlobReadingOptions With(string option, long value, BlobReadingOptions? options = null)
    {
        options ??= new BlobReadingOptions();
        var property = typeof(BlobReadingOptions).GetProperty(option)!;
        property.SetValue(options, Convert.ChangeType(value, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));
        return options;
    }

    private static List<string> Faults(BlobReadingOptions options)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return [.. results.Select(result => result.ErrorMessage!)];
    }
}
