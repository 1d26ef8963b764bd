namespace OrleansStream.Interop.Tests.Brokers;

/// <summary>Tests that share the broker that is restarted; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class RestartCollection : ICollectionFixture<RestartedBroker>
{
    public const string Name = "restart";
}
