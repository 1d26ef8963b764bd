using Orleans;
using Orleans.Runtime;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>Hands out hand-written grains by interface and key.</summary>
internal sealed class FakeGrains(GatewayHarness harness) : IGrainFactory
{
    public Dictionary<string, FakeGroupGrain> Groups { get; } = new(StringComparer.Ordinal);

    /// <summary>Names and keys of the grains that were asked for, in order.</summary>
    public List<string> Asked { get; } = [];

    public FakePartitionGrain Partitions { get; } = new(harness);

    public FakeTopicGrains Topics { get; } = new(harness);

    public IGroupCalls GroupOf(string groupId)
    {
        lock (Asked)
        {
            Asked.Add($"{nameof(IGroupCalls)} {groupId}");
        }

        return Groups[groupId];
    }

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        // As Orleans does.
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        lock (Asked)
        {
            Asked.Add($"{typeof(TGrainInterface).Name} {primaryKey}");
        }

        object grain = typeof(TGrainInterface) switch
        {
            var type when type == typeof(IPartitionGrain) => Partitions.Of(primaryKey),
            var type when type == typeof(ITopicGrain) => Topics.Of(primaryKey),
            var type => throw new NotSupportedException(type.Name),
        };
        return (TGrainInterface)grain;
    }

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey => throw new NotSupportedException();

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId) => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => throw new NotSupportedException();

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix) => throw new NotSupportedException();

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => throw new NotSupportedException();
}
