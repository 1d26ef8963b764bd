using System.Collections.Immutable;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>Keeps topics in the harness's catalog view.</summary>
internal sealed class FakeTopicGrains(GatewayHarness harness)
{
    private readonly Lock _lock = new();
    private int _ids;

    /// <summary>When set, every change waits for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public ITopicGrain Of(string name) => new Grain(this, name);

    public Topic Add(string name, int partitions = 1, ImmutableSortedDictionary<string, string>? configs = null, short replicas = 1)
    {
        lock (_lock)
        {
            var topic = new Topic
            {
                Id = new TopicId(new Guid(++_ids, 1, 1, [1, 2, 3, 4, 5, 6, 7, 8])),
                Name = name,
                PartitionCount = partitions,
                ReplicationFactor = replicas,
                Configs = configs ?? ImmutableSortedDictionary<string, string>.Empty,
            };
            harness.Catalog.Publish(harness.Catalog.Current.With(topic, harness.Catalog.Current.Version + 1));
            return topic;
        }
    }

    private void Remove(Topic topic)
    {
        lock (_lock)
        {
            harness.Catalog.Publish(harness.Catalog.Current.Without(topic, harness.Catalog.Current.Version + 1));
        }

        for (var index = 0; index < topic.PartitionCount; index++)
        {
            harness.Broker.Handles.Withdraw(new PartitionId(topic.Id, index), new LeaderEpoch(int.MaxValue), ErrorCode.UnknownTopicOrPartition);
        }
    }

    private Topic Replace(Topic topic)
    {
        lock (_lock)
        {
            harness.Catalog.Publish(harness.Catalog.Current.With(topic, harness.Catalog.Current.Version + 1));
            return topic;
        }
    }

    private sealed class Grain(FakeTopicGrains all, string name) : ITopicGrain
    {
        private Topic? Current => all.Find(name);

        public async Task<TopicChange> CreateAsync(CreateTopic request, CancellationToken cancellationToken)
        {
            await all.Gate;
            if (Current is not null)
            {
                return TopicChange.Failed(ErrorCode.TopicAlreadyExists, "It exists.");
            }

            return request.ValidateOnly
                ? new(ErrorCode.None, null, new Topic { Id = default, Name = name, PartitionCount = request.PartitionCount, ReplicationFactor = request.ReplicationFactor, Configs = request.Configs })
                : new(ErrorCode.None, null, all.Add(name, request.PartitionCount, request.Configs, request.ReplicationFactor));
        }

        public async Task<TopicChange> DeleteAsync(TopicId? expected, CancellationToken cancellationToken)
        {
            await all.Gate;
            if (expected is { } id && id != Current?.Id)
            {
                return TopicChange.Failed(ErrorCode.UnknownTopicId, "The name belongs to another topic.");
            }

            all.Remove(Current!);
            return new(ErrorCode.None, null, null);
        }

        public Task<TopicChange> GrowAsync(int partitionCount, bool validateOnly, CancellationToken cancellationToken) =>
            Task.FromResult(new TopicChange(ErrorCode.None, null, validateOnly ? Current : all.Replace(Current! with { PartitionCount = partitionCount })));

        public async Task<TopicChange> ConfigureAsync(ConfigureTopic request, CancellationToken cancellationToken)
        {
            await all.Gate;
            var configs = request.ReplaceAll ? ImmutableSortedDictionary<string, string>.Empty : Current!.Configs;
            foreach (var change in request.Changes)
            {
                configs = change.Operation == ConfigOperation.Delete ? configs.Remove(change.Name) : configs.SetItem(change.Name, change.Value!);
            }

            return new TopicChange(ErrorCode.None, null, request.ValidateOnly ? Current : all.Replace(Current! with { Configs = configs }));
        }
    }

    private Topic? Find(string name) => harness.Catalog.Current.Find(name);
}
