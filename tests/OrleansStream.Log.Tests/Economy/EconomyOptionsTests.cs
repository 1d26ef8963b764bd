using System.ComponentModel.DataAnnotations;
using OrleansStream.Log.Economy;

namespace OrleansStream.Log.Tests.Economy;

public sealed class EconomyOptionsTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(5_000, true)]
    [InlineData(5_001, false)]
    [InlineData(-1, false)]
    public void A_linger_lies_between_nothing_and_five_seconds(int milliseconds, bool isTaken)
    {
        var linger = TimeSpan.FromMilliseconds(milliseconds);

        Assert.Equal(isTaken, IsTaken(new LingerOptions { Low = linger }));
        Assert.Equal(isTaken, IsTaken(new LingerOptions { Balanced = linger }));
        Assert.Equal(isTaken, IsTaken(new LingerOptions { Economy = linger }));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(100, true)]
    [InlineData(0.99, false)]
    [InlineData(100.1, false)]
    [InlineData(double.NaN, false)]
    public void A_linger_is_stretched_up_to_a_hundred_times(double stretch, bool isTaken) => Assert.Equal(isTaken, IsTaken(new LingerOptions { MaxStretch = stretch }));

    [Theory]
    [InlineData(0, 0, 0.055, true)]
    [InlineData(0.01, 0, 0.055, true)]
    [InlineData(0.009, 0, 0.055, false)]
    [InlineData(100_000, 0, 0.055, true)]
    [InlineData(100_001, 0, 0.055, false)]
    [InlineData(-1, 0, 0.055, false)]
    [InlineData(0, 0.005, 0.055, true)]
    [InlineData(0, 0.004, 0.055, false)]
    [InlineData(0, -1, 0.055, false)]
    [InlineData(0, 0.004, 0.02, true)]
    [InlineData(0, 0, 0, false)]
    [InlineData(0, 0, 1000, true)]
    [InlineData(0, 0, 1001, false)]
    [InlineData(double.NaN, 0, 0.055, false)]
    public void A_budget_buys_at_least_an_operation_in_a_hundred_seconds(double operations, double money, double price, bool isTaken) =>
        Assert.Equal(isTaken, IsTaken(new WriteBudgetOptions { OperationsPerSecond = operations, MoneyPerDay = money, PricePerTenThousandWrites = price }));

    [Fact]
    public void What_is_unset_is_the_stores_own()
    {
        var set = new LingerOptions { Balanced = TimeSpan.FromMilliseconds(7), MaxStretch = 3 };

        Assert.Equal(new LaneLinger { Balanced = TimeSpan.FromMilliseconds(7), MaxStretch = 3 }, LaneLinger.From(set, LaneLinger.None));
        Assert.Equal(LaneLinger.OfBlobs with { Balanced = TimeSpan.FromMilliseconds(7), MaxStretch = 3 }, LaneLinger.From(set, LaneLinger.OfBlobs));
        Assert.False(LaneLinger.From(new LingerOptions(), LaneLinger.None).IsAny);
    }

    [Theory]
    [InlineData(LatencyClass.Low, 1, 5)]
    [InlineData(LatencyClass.Low, 2, 10)]
    [InlineData(LatencyClass.Balanced, 20, 400)]
    [InlineData(LatencyClass.Economy, 20, 5_000)]
    [InlineData(LatencyClass.Economy, 21, 5_000)]
    [InlineData(LatencyClass.Economy, 0.5, 250)]
    public void A_stretched_linger_keeps_within_the_largest_stretch(LatencyClass latencyClass, double stretch, double milliseconds) =>
        Assert.Equal(milliseconds, LaneLinger.OfBlobs.Of(latencyClass, stretch).TotalMilliseconds, 6);

    [Fact]
    public void No_linger_is_stretched_beyond_ten_seconds_and_none_at_all_becomes_milliseconds()
    {
        var linger = new LaneLinger { Economy = TimeSpan.FromSeconds(5), MaxStretch = 100 };

        Assert.Equal(TimeSpan.FromSeconds(10), linger.Of(LatencyClass.Economy, 100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), linger.Of(LatencyClass.Low, 100));
        Assert.Equal(TimeSpan.Zero, linger.Of(LatencyClass.Low, 1));
    }

    private static bool IsTaken(object options) => Validator.TryValidateObject(options, new ValidationContext(options), null, validateAllProperties: true);
}
