using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log;
using OrleansStream.Log.Brokers;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>Whether a process may take its number: from one that is gone, never from one that lives, and after a crash of all without anybody's hand.</summary>
public sealed class BrokerNumberTests
{
    private static readonly SiloAddress Own = SiloAddress.FromParsableString("10.0.0.1:11111@2");
    private static readonly SiloAddress Other = SiloAddress.FromParsableString("10.0.0.2:11111@1");
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly KnownMembers _members = new();
    private readonly MemoryBrokerRegistry _registry = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private BrokerNumber Number => new(_members, _registry, _time);

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    [Fact]
    public async Task One_that_was_declared_dead_or_that_nobody_knows_is_gone_at_once()
    {
        Assert.True(await Number.IsGoneAsync(Record(3, Other), Own, Token));
        _members.Set(Other, SiloStatus.Dead, Now);
        Assert.True(await Number.IsGoneAsync(Record(3, Other), Own, Token));
        Assert.Equal(2, _members.Reads);
    }

    // A process of another generation at this very address has ended: two cannot listen there.
    [Fact]
    public async Task One_that_had_this_address_is_gone_without_a_look()
    {
        Assert.True(await Number.IsGoneAsync(Record(3, SiloAddress.FromParsableString("10.0.0.1:11111@1")), Own, Token));
        Assert.Equal(0, _members.Reads);
    }

    [Fact]
    public async Task One_that_goes_on_telling_that_it_lives_keeps_its_number()
    {
        _members.Set(Other, SiloStatus.Active, Now);
        var isGone = Number.IsGoneAsync(Record(3, Other), Own, Token).AsTask();
        for (var passed = TimeSpan.Zero; passed < BrokerNumber.Patience; passed += Step)
        {
            Assert.False(isGone.IsCompleted);
            _members.Set(Other, SiloStatus.Active, Now);
            _time.Advance(Step);
        }

        Assert.False(await isGone);
    }

    [Fact]
    public async Task One_that_shows_no_sign_of_life_for_thirty_seconds_is_gone()
    {
        _members.Set(Other, SiloStatus.Active, Now);
        var isGone = Number.IsGoneAsync(Record(3, Other), Own, Token).AsTask();
        for (var passed = TimeSpan.Zero; passed < BrokerNumber.Patience; passed += Step)
        {
            Assert.False(isGone.IsCompleted);
            _time.Advance(Step);
        }

        Assert.True(await isGone);
    }

    [Fact]
    public async Task The_wait_ends_when_it_is_declared_dead()
    {
        _members.Set(Other, SiloStatus.ShuttingDown, Now);
        var isGone = Number.IsGoneAsync(Record(3, Other), Own, Token).AsTask();
        _time.Advance(Step);
        Assert.False(isGone.IsCompleted);

        _members.Set(Other, SiloStatus.Dead, Now);
        _time.Advance(Step);

        Assert.True(await isGone);
    }

    [Fact]
    public async Task An_advertised_address_of_a_live_broker_is_refused_by_name_and_that_of_a_dead_one_is_not()
    {
        var stands = await _registry.CompareAndSetAsync(Record(3, Other), expected: null, Token);
        Assert.Equal(Log.Manifests.ManifestOutcome.Written, stands.Outcome);
        await Number.RefuseTakenAddressesAsync(Record(4, Own), Token);

        _members.Set(Other, SiloStatus.Active, Now);
        var refused = await Assert.ThrowsAsync<LogException>(() => Number.RefuseTakenAddressesAsync(Record(4, Own), Token));
        Assert.Contains("Broker 3", refused.Message, StringComparison.Ordinal);
        Assert.Contains("kafka.example:9092", refused.Message, StringComparison.Ordinal);

        // Its own record of an earlier life is no other broker.
        await Number.RefuseTakenAddressesAsync(Record(3, Own), Token);
    }

    private static BrokerRecord Record(int broker, SiloAddress silo) => new()
    {
        Broker = new BrokerId(broker),
        ClusterId = "ours",
        SiloAddress = silo.ToParsableString(),
        SiloName = $"broker-{broker}",
        Session = default,
        Listeners = [new AdvertisedListener("PLAINTEXT", "kafka.example", 9092)],
        Version = "test",
    };
}
