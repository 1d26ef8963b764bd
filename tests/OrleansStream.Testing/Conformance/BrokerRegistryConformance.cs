using OrleansStream.Log.Brokers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What every <see cref="IBrokerRegistry"/> does. Each registry's tests derive from it and run all of it.</summary>
public abstract class BrokerRegistryConformance
{
    /// <summary>A registry that nobody else uses, with nothing in it, of cluster generation 0.</summary>
    protected abstract ValueTask<IBrokerRegistry> NewRegistryAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static BrokerRecord Record(int broker, int session = 1) => new()
    {
        Broker = new BrokerId(broker),
        ClusterId = "abcdefghijklmnopqrstuv",
        SiloAddress = $"10.0.0.{broker}:11111@{session}",
        SiloName = $"broker-{broker}",
        Session = new SessionId(new BrokerId(broker), new Guid(session, 0, 0, [0xFF, 2, 3, 4, 5, 6, 7, 8])),
        Listeners = [new AdvertisedListener("PLAINTEXT", "a.example", 9092), new AdvertisedListener("OUTSIDE", "::1", 65_535)],
        Version = "0.4.0",
    };

    [Fact]
    public async Task A_broker_without_a_record_has_none()
    {
        var registry = await NewRegistryAsync();
        await WriteAsync(registry, Record(1), null);

        Assert.Null(await registry.GetAsync(new BrokerId(2), Token));
    }

    [Fact]
    public async Task Every_record_reads_back_as_written()
    {
        var registry = await NewRegistryAsync();
        ETag? version = null;
        foreach (var record in new[] { Record(int.MaxValue), Record(int.MaxValue) with { IsDraining = true }, Record(int.MaxValue) with { Rack = "r-1" }, Record(int.MaxValue) with { Rack = "", IsDraining = true, Listeners = [] } })
        {
            var written = await WriteAsync(registry, record, version);
            var stored = await registry.GetAsync(record.Broker, Token);
            AssertSame(record, stored!.Record);
            Assert.Equal(written, stored.ETag);
            Assert.NotEqual(version, stored.ETag);
            version = stored.ETag;
        }
    }

    [Fact]
    public async Task A_number_is_taken_once()
    {
        var registry = await NewRegistryAsync();
        await WriteAsync(registry, Record(1), null);

        Assert.Equal(ManifestOutcome.Conflict, (await registry.CompareAndSetAsync(Record(1, session: 2), null, Token)).Outcome);

        AssertSame(Record(1), (await registry.GetAsync(new BrokerId(1), Token))!.Record);
    }

    [Fact]
    public async Task Only_the_newest_version_is_replaced()
    {
        var registry = await NewRegistryAsync();
        var first = await WriteAsync(registry, Record(1), null);
        var second = await WriteAsync(registry, Record(1, session: 2), first);

        Assert.Equal(ManifestOutcome.Conflict, (await registry.CompareAndSetAsync(Record(1, session: 3), first, Token)).Outcome);
        Assert.Equal(ManifestOutcome.Conflict, (await registry.CompareAndSetAsync(Record(2), second, Token)).Outcome); // Of another number, where there is none.

        AssertSame(Record(1, session: 2), (await registry.GetAsync(new BrokerId(1), Token))!.Record);
        Assert.Null(await registry.GetAsync(new BrokerId(2), Token));
    }

    [Fact]
    public async Task Of_many_brokers_that_want_one_number_one_gets_it()
    {
        var registry = await NewRegistryAsync();

        var writes = await Task.WhenAll(Enumerable.Range(0, 8).Select(silo => registry.CompareAndSetAsync(Record(1, session: silo), null, Token).AsTask()));

        var winner = Assert.Single(Enumerable.Range(0, writes.Length), silo => writes[silo].Outcome == ManifestOutcome.Written);
        AssertSame(Record(1, session: winner), (await registry.GetAsync(new BrokerId(1), Token))!.Record);
    }

    [Fact]
    public async Task A_list_has_every_record()
    {
        var registry = await NewRegistryAsync();
        for (var broker = 0; broker < 12; broker++) await WriteAsync(registry, Record(broker), null);

        var listed = new List<BrokerRecord>();
        await foreach (var stored in registry.ListAsync(Token))
        {
            Assert.Equal((await registry.GetAsync(stored.Record.Broker, Token))!.ETag, stored.ETag);
            listed.Add(stored.Record);
        }

        Assert.Equal(12, listed.Count);
        foreach (var record in listed) AssertSame(Record(record.Broker.Value), record);
    }

    [Fact]
    public async Task A_write_that_was_cancelled_before_it_began_does_nothing()
    {
        var registry = await NewRegistryAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await registry.CompareAndSetAsync(Record(1), null, new CancellationToken(canceled: true)));

        Assert.Null(await registry.GetAsync(new BrokerId(1), Token));
    }

    // How a broker uses it: each session is named in turn, and who was replaced never comes back.
    [Fact]
    public async Task A_registration_names_its_sessions_until_another_silo_has_the_number()
    {
        var registry = await NewRegistryAsync();
        var asked = new List<string>();
        BrokerRegistration Registration(int silo) => new(registry, Record(1, silo), (stands, _) =>
        {
            asked.Add(stands.SiloAddress);
            return ValueTask.FromResult(silo != 3);
        });
        var first = Registration(1);
        await first.NameAsync(Record(1, 10).Session, Token);
        await first.ChangeAsync(static record => record with { IsDraining = true }, Token);
        await first.NameAsync(Record(1, 11).Session, Token);
        AssertSame(Record(1, 1) with { Session = Record(1, 11).Session, IsDraining = true }, (await registry.GetAsync(new BrokerId(1), Token))!.Record);
        Assert.Empty(asked);

        await Registration(2).NameAsync(Record(1, 20).Session, Token);
        Assert.Equal([Record(1, 1).SiloAddress], asked);
        var replaced = await Assert.ThrowsAsync<BrokerReplacedException>(async () => await first.NameAsync(Record(1, 12).Session, Token));
        Assert.Equal(Record(1, 2).SiloAddress, replaced.SiloAddress);
        await Assert.ThrowsAsync<BrokerReplacedException>(async () => await Registration(3).NameAsync(Record(1, 30).Session, Token));
        AssertSame(Record(1, 2) with { Session = Record(1, 20).Session }, (await registry.GetAsync(new BrokerId(1), Token))!.Record);
    }

    [Fact]
    public async Task A_registration_refuses_the_record_of_another_cluster()
    {
        var registry = await NewRegistryAsync();
        await WriteAsync(registry, Record(1) with { ClusterId = "vvvvvvvvvvvvvvvvvvvvvv" }, null);

        var refused = await Assert.ThrowsAsync<Log.LogException>(async () =>
            await new BrokerRegistration(registry, Record(1), static (_, _) => ValueTask.FromResult(true)).NameAsync(Record(1).Session, Token));

        Assert.Contains("vvvvvvvvvvvvvvvvvvvvvv", refused.Message, StringComparison.Ordinal);
    }

    private static async ValueTask<ETag> WriteAsync(IBrokerRegistry registry, BrokerRecord record, ETag? expected)
    {
        var write = await registry.CompareAndSetAsync(record, expected, Token);
        Assert.Equal(ManifestOutcome.Written, write.Outcome);
        return write.ETag;
    }

    // An immutable array is equal to itself alone.
    private static void AssertSame(BrokerRecord expected, BrokerRecord actual)
    {
        Assert.Equal(expected.Listeners, actual.Listeners.AsEnumerable());
        Assert.Equal(expected with { Listeners = [] }, actual with { Listeners = [] });
    }
}
