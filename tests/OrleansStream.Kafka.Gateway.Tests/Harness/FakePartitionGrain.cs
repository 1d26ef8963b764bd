using OrleansStream.Abstractions.Partitions;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>Opens partitions in the harness's broker, when the test lets it.</summary>
internal sealed class FakePartitionGrain(GatewayHarness harness) : ILocalPartitions
{
    private readonly Dictionary<PartitionId, int> _epochs = [];
    private int _opening;
    private int _mostOpening;

    /// <summary>Completes when openings may go on; at once unless a test sets it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>How many openings there were.</summary>
    public int Openings { get; private set; }

    /// <summary>How many ran beside one another at the most.</summary>
    public int MostOpening => _mostOpening;

    /// <summary>What an opening answers instead of opening.</summary>
    public OpenResult? Answer { get; set; }

    /// <summary>What a deletion of records fails with; null if it does not.</summary>
    public Exception? DeletionFailure { get; set; }

    /// <summary>Sizes of partitions that are not open; null for one whose bytes cannot be counted.</summary>
    public Dictionary<PartitionId, long?> Sizes { get; } = [];

    public (long TotalBytes, long UsableBytes) Volume { get; set; } = (-1, -1);

    public LeaderEpoch? EpochOf(PartitionId partition)
    {
        lock (_epochs)
        {
            return _epochs.TryGetValue(partition, out var epoch) ? new LeaderEpoch(epoch) : null;
        }
    }

    public ValueTask<long?> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult(Sizes.GetValueOrDefault(partition, 0));

    ValueTask<OpenResult> ILocalPartitions.OpenAsync(PartitionId partition, CancellationToken cancellationToken) => new(OpenAsync(partition));

    Task<DeleteRecordsResult> ILocalPartitions.DeleteRecordsAsync(PartitionId partition, Offset before, CancellationToken cancellationToken)
    {
        if (DeletionFailure is { } failure)
        {
            return Task.FromException<DeleteRecordsResult>(failure);
        }

        TryMove(partition, before, out var start);
        return Task.FromResult(new DeleteRecordsResult(ErrorCode.None, start));
    }

    public IPartitionGrain Of(string key) => new Grain(this, PartitionId.Parse(key));

    private async Task<OpenResult> OpenAsync(PartitionId partition)
    {
        lock (_epochs)
        {
            Openings++;
            _mostOpening = Math.Max(_mostOpening, ++_opening);
        }

        await Gate;
        lock (_epochs)
        {
            _opening--;
            if (Answer is not null)
            {
                return Answer;
            }

            if (!harness.Broker.Handles.TryGet(partition, out var handle))
            {
                var epoch = _epochs[partition] = _epochs.GetValueOrDefault(partition, 4) + 1;
                handle = harness.Broker.Open(harness.Broker.NewManifest(partition, epoch));
            }

            return new OpenResult(ErrorCode.None, handle.Epoch, null);
        }
    }

    private sealed class Grain(FakePartitionGrain all, PartitionId partition) : IPartitionGrain
    {
        public Task<OpenResult> EnsureOpenAsync(CancellationToken cancellationToken) => all.OpenAsync(partition);

        public Task<DeleteRecordsResult> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken)
        {
            all.TryMove(partition, before, out var start);
            return Task.FromResult(new DeleteRecordsResult(ErrorCode.None, start));
        }

        public Task DeleteAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private void TryMove(PartitionId partition, Offset before, out Offset start)
    {
        harness.Broker.Handles.TryGet(partition, out var handle);
        handle!.MoveLogStart(before == Offset.None ? handle.HighWatermark : before);
        start = handle.LogStart;
    }
}
