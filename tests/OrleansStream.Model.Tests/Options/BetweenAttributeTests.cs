using System.ComponentModel.DataAnnotations;
using OrleansStream.Model.Options;

namespace OrleansStream.Model.Tests.Options;

public sealed class BetweenAttributeTests
{
    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(20, true)]
    [InlineData(21, false)]
    public void Both_ends_are_allowed_and_nothing_beyond(int value, bool allowed) => Assert.Equal(allowed, Check(new Sample { Count = value }).Count == 0);

    [Fact]
    public void The_message_has_name_value_and_rule() =>
        Assert.Equal("Count is 7; it must be between 10 and 20.", Assert.Single(Check(new Sample { Count = 7 })).ErrorMessage);

    [Fact]
    public void Large_and_unset_options_are_checked_alike()
    {
        Assert.Empty(Check(new Sample { MaxBytes = long.MaxValue }));
        Assert.Empty(Check(new Sample { MaxBytes = null }));
        Assert.Equal("MaxBytes is -1; it must be between 0 and 9223372036854775807.", Assert.Single(Check(new Sample { MaxBytes = -1 })).ErrorMessage);
    }

    private static List<ValidationResult> Check(Sample sample)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(sample, new ValidationContext(sample), results, validateAllProperties: true);
        return results;
    }

    private sealed class Sample
    {
        [Between(10, 20)] public int Count { get; set; } = 10;

        [Between(0, long.MaxValue)] public long? MaxBytes { get; set; } = 0;
    }
}
