using CsCheck;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Economy;

namespace OrleansStream.Log.Tests.Economy;

public sealed class WriteBudgetTests
{
    private const string Seed = "0000KVVcEEcx";

    private readonly FakeTimeProvider _time = new();

    // Economy saves first, and does all that it can before balanced has to; low comes last.
    [Theory]
    [InlineData(1, 0, 0, 0)]
    [InlineData(0.75, 0, 0, 0)]
    [InlineData(0.7, 0.2, 0, 0)]
    [InlineData(0.5, 1, 0, 0)]
    [InlineData(0.45, 1, 0.2, 0)]
    [InlineData(0.25, 1, 1, 0)]
    [InlineData(0.2, 1, 1, 0.2)]
    [InlineData(0, 1, 1, 1)]
    [InlineData(-1, 1, 1, 1)]
    public void The_less_is_left_the_more_classes_are_to_save(double fill, double economy, double balanced, double low)
    {
        Assert.Equal(economy, WriteBudget.PressureOn(LatencyClass.Economy, fill), 9);
        Assert.Equal(balanced, WriteBudget.PressureOn(LatencyClass.Balanced, fill), 9);
        Assert.Equal(low, WriteBudget.PressureOn(LatencyClass.Low, fill), 9);
    }

    [Fact]
    public void Pressure_rises_as_the_budget_empties_and_never_lies_on_a_class_before_the_more_patient_one_bears_all_it_can() =>
        Gen.Select(Gen.Double[-1, 1], Gen.Double[-1, 1]).Sample(
            (one, other) =>
            {
                var (less, more) = one < other ? (one, other) : (other, one);
                foreach (var latencyClass in Enum.GetValues<LatencyClass>())
                {
                    var pressure = WriteBudget.PressureOn(latencyClass, less);
                    Assert.InRange(pressure, 0, 1);
                    Assert.True(pressure >= WriteBudget.PressureOn(latencyClass, more));
                }

                if (WriteBudget.PressureOn(LatencyClass.Balanced, less) > 0) Assert.Equal(1, WriteBudget.PressureOn(LatencyClass.Economy, less));
                if (WriteBudget.PressureOn(LatencyClass.Low, less) > 0) Assert.Equal(1, WriteBudget.PressureOn(LatencyClass.Balanced, less));
            },
            seed: Seed,
            iter: 1_000);

    [Theory]
    [InlineData(2, 120)]
    [InlineData(100, 6_000)]
    [InlineData(0.01, 20)] // A minute's worth would be half an operation.
    public void A_minute_is_saved_up_but_at_least_some_operations(double perSecond, double saved) => Assert.Equal(saved, new WriteBudget(perSecond, _time).Saved, 9);

    [Fact]
    public void What_is_spent_comes_back_with_time_up_to_what_can_be_saved()
    {
        var budget = new WriteBudget(2, _time);
        Assert.Equal(1, budget.Fill);

        budget.Spend(60);
        Assert.Equal(0.5, budget.Fill, 9);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(0.75, budget.Fill, 9);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, budget.Fill);
    }

    [Fact]
    public void A_debt_is_paid_back_and_no_larger_than_what_can_be_saved()
    {
        var budget = new WriteBudget(2, _time);
        budget.Spend(100_000);
        Assert.Equal(-1, budget.Fill);

        _time.Advance(WriteBudget.SavedFor);
        Assert.Equal(0, budget.Fill, 9);
        _time.Advance(WriteBudget.SavedFor);

        Assert.Equal(1, budget.Fill, 9);
    }

    // Against a ledger with a line for each moment: whatever is spent when, what is left is what flowed in and was not spent, within both bounds.
    [Fact]
    public void Whatever_is_spent_when_the_sum_is_right() =>
        Gen.Select(Gen.Double[0.01, 1000], Gen.Select(Gen.Int[0, 500], Gen.Int[0, 100_000]).List[1, 50]).Sample(
            (perSecond, steps) =>
            {
                var time = new FakeTimeProvider();
                var budget = new WriteBudget(perSecond, time);
                var left = budget.Saved;
                foreach (var (operations, milliseconds) in steps)
                {
                    budget.Spend(operations);
                    left = Math.Max(left - operations, -budget.Saved);
                    time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                    left = Math.Min(left + (milliseconds / 1000d * perSecond), budget.Saved);
                    Assert.Equal(left / budget.Saved, budget.Fill, 6);
                }
            },
            seed: Seed,
            iter: 300);

    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(5, 0, 5d)]
    [InlineData(0, 0.4752, 1d)]
    [InlineData(5, 0.4752, 1d)]
    [InlineData(0.5, 0.4752, 0.5)]
    public void Money_buys_operations_at_the_price_and_the_lower_bound_counts(double operations, double money, double? perSecond)
    {
        var options = new WriteBudgetOptions { OperationsPerSecond = operations, MoneyPerDay = money };

        Assert.Equal(perSecond is null, options.AllowedPerSecond() is null);
        if (perSecond is { } expected) Assert.Equal(expected, options.AllowedPerSecond()!.Value, 9);
        Assert.Equal(perSecond is null, WriteBudget.From(options, _time) is null);
    }

    // Three brokers at 20 ms on a hot account, as storage-background.md has it.
    [Fact]
    public void A_day_of_150_operations_a_second_costs_71_dollars() => Assert.Equal(71.28, new WriteBudgetOptions().MoneyPerDayOf(150), 2);
}
