using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Grains.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Tests.Topics;

public sealed class CatalogLoadTests
{
    // A long journal is read for longer than a grain call lasts.
    [Fact]
    public async Task A_start_asks_for_the_catalog_until_it_is_there() =>
        Assert.Equal(4, await CallsOfStartAsync<SlowCatalog>());

    [Fact]
    public async Task A_start_does_not_wait_for_damage_to_pass() =>
        Assert.Equal("The catalog of topics is damaged.", (await Assert.ThrowsAsync<InvalidDataException>(CallsOfStartAsync<DamagedCatalog>)).Message);

    private static async Task<int> CallsOfStartAsync<TCatalog>()
        where TCatalog : SlowCatalog
    {
        var time = new FakeTimeProvider();
        using var log = new MemoryLog();
        var view = new CatalogView();
        var settings = new TopicSettings(new BrokerConfigValues(new Dictionary<string, string>()));
        using var follower = new SettingsFollower(log.Handles, view, settings);
        var cluster = new OneBroker();
        var catalog = DispatchProxy.Create<ICatalogGrain, TCatalog>();
        var grains = DispatchProxy.Create<IGrainFactory, OneGrain>();
        ((OneGrain)grains).Grain = catalog;
        var startup = new GrainStartup(follower, PartitionsOf.One(log, view, cluster), new CatalogFollower(grains, view, cluster, time), time);

        var loading = startup.LoadCatalogAsync(TestContext.Current.CancellationToken);
        while (!loading.IsCompleted) time.Advance(TimeSpan.FromSeconds(1));

        await loading;
        return ((TCatalog)(object)catalog).Calls;
    }

    internal class SlowCatalog : DispatchProxy
    {
        public int Calls { get; protected set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(ICatalogGrain.PageAsync) ? Task.FromResult(new CatalogPage(1, [], IsLast: true))
            : ++Calls < 4 ? Task.FromException<long>(new TimeoutException())
            : Task.FromResult(1L);
    }

    internal class DamagedCatalog : SlowCatalog
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            ++Calls < 2 ? Task.FromException<long>(new InvalidDataException("The catalog of topics is damaged.")) : base.Invoke(targetMethod, args);
    }

    internal class OneGrain : DispatchProxy
    {
        public ICatalogGrain? Grain { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Grain;
    }
}
