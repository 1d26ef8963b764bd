using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// What one other broker has not heard yet. One message is on its way at a time, and carries all that came up while the one before was: so the other broker
/// hears of each partition in the order in which it happened, and a thousand openings are a few messages.
/// </summary>
internal sealed partial class PeerNews : IDisposable
{
    // More than that is dropped: whoever missed so much of the catalog fetches it whole.
    private const int MaxSteps = 256;
    private const int MaxStepBytes = IBrokerService.MaxBytes / 2;

    // Before it is told again what it did not hear, or could not look up. It may be that this broker leaves, and the other one refuses what it is handed until it knows.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // Partitions that move come and go one by one, and a message to every broker for each is most of what their move costs. Who serves one knows it by himself.
    private static readonly TimeSpan PartitionsTogether = TimeSpan.FromMilliseconds(50);

    // For one that was let go of: until the others hear of it they send clients to where they were just refused.
    private static readonly TimeSpan EndsTogether = TimeSpan.FromMilliseconds(10);

    private readonly NewsSending _sending;
    private readonly LiveBroker _peer;
    private readonly Func<BrokerNews> _begin;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Wake _wake = new();
    private readonly Dictionary<PartitionId, ServedPartition> _partitions = [];
    private readonly List<CatalogStep> _steps = [];
    private readonly List<(long Version, TaskCompletionSource Heard)> _waiting = [];
    private List<TaskCompletionSource> _records = [];
    private TaskCompletionSource? _urgent;
    private TaskCompletionSource? _ended;
    private long _version;
    private long _heard;
    private Task _running = Task.CompletedTask;

    /// <param name="sending">The way to brokers.</param>
    /// <param name="peer">Who hears it.</param>
    /// <param name="begin">News without anything in them.</param>
    public PeerNews(NewsSending sending, LiveBroker peer, Func<BrokerNews> begin)
    {
        _sending = sending;
        _peer = peer;
        _begin = begin;
    }

    /// <summary>Begins to send, first of all what was there before the other one came.</summary>
    public void Begin(IEnumerable<ServedPartition> served)
    {
        lock (_gate)
        {
            foreach (var partition in served)
            {
                _partitions.TryAdd(partition.Partition, partition);
            }

            _running = Task.Run(SendAsync);
        }

        _wake.Set();
    }

    public void Add(ServedPartition partition)
    {
        lock (_gate)
        {
            _partitions[partition.Partition] = partition;
            if (IsEnd(partition))
            {
                _ended?.TrySetResult();
            }
        }

        _wake.Set();
    }

    public void Add(CatalogStep step)
    {
        lock (_gate)
        {
            _version = Math.Max(_version, step.To);
            _steps.Add(step);
            if (_steps.Count > MaxSteps)
            {
                _steps.Clear();
            }
        }

        WakeForUrgent();
    }

    public void Add(long catalogVersion)
    {
        lock (_gate)
        {
            _version = Math.Max(_version, catalogVersion);
        }

        WakeForUrgent();
    }

    public Task AddRecordChange()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _records.Add(heard);
        }

        WakeForUrgent();
        return heard.Task;
    }

    public Task WhenHeardAsync(long catalogVersion)
    {
        lock (_gate)
        {
            if (_heard >= catalogVersion || _ending.IsCancellationRequested)
            {
                return Task.CompletedTask;
            }

            var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((catalogVersion, heard));
            return heard.Task;
        }
    }

    /// <summary>The other one is gone, or this one goes: nobody waits for it any more.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _waiting.ForEach(static waiter => waiter.Heard.TrySetResult());
            _records.ForEach(static waiter => waiter.TrySetResult());
        }

        Dispose();
    }

    public void Dispose() => _ending.Dispose();

    private async Task SendAsync()
    {
        var pause = FirstPause;
        while (!_ending.IsCancellationRequested)
        {
            await _wake.WaitAsync(_ending.Token);
            while (Take() is { } taken)
            {
                var began = _sending.Time.GetTimestamp();
                try
                {
                    var heard = await _sending.Services.Of(_peer.Silo).HearAsync(taken.News).WaitAsync(Limits.GrainCall, _sending.Time, _ending.Token);
                    if (Told(taken, heard))
                    {
                        pause = FirstPause;
                    }
                    else
                    {
                        pause = await RestBeforeNextAsync(pause);
                    }

                    await CollectAsync(began);
                }
                catch (Exception exception) when (!_ending.IsCancellationRequested)
                {
                    LogNotTold(_sending.Logger, exception, _peer.Id);
                    PutBack(taken);
                    pause = await RestBeforeNextAsync(pause);
                }
            }
        }
    }

    private async Task<TimeSpan> RestBeforeNextAsync(TimeSpan pause)
    {
        await Task.Delay(pause, _sending.Time, _ending.Token);
        return pause * 2 < LongestPause ? pause * 2 : LongestPause;
    }

    // Waits for more of them behind a message; everything else that comes up goes at once.
    private async Task CollectAsync(long began)
    {
        TaskCompletionSource urgent, ended;
        lock (_gate)
        {
            if (HasUrgent)
            {
                return;
            }

            urgent = _urgent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ended = _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_partitions.Values.Any(IsEnd))
            {
                ended.SetResult();
            }
        }

        await RestAsync(EndsTogether - _sending.Time.GetElapsedTime(began), urgent.Task);
        await RestAsync(PartitionsTogether - _sending.Time.GetElapsedTime(began), Task.WhenAny(urgent.Task, ended.Task));
    }

    private async Task RestAsync(TimeSpan left, Task unless)
    {
        if (left > TimeSpan.Zero && !unless.IsCompleted)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            await Task.WhenAny(unless, Task.Delay(left, _sending.Time, over.Token));
            await over.CancelAsync();
        }

        _ending.Token.ThrowIfCancellationRequested();
    }

    private static bool IsEnd(ServedPartition partition) => !partition.IsServed || partition.IsLeaving;

    // Under the lock.
    private bool HasUrgent => _records.Count > 0 || _version > _heard;

    private void WakeForUrgent()
    {
        lock (_gate)
        {
            _urgent?.TrySetResult();
        }

        _wake.Set();
    }

    private Taken? Take()
    {
        lock (_gate)
        {
            // A version that it has is no news.
            if (_partitions.Count == 0 && _records.Count == 0 && _version <= _heard)
            {
                _steps.Clear();
                return null;
            }

            ImmutableArray<ServedPartition> partitions = [.. _partitions.Values.Take(IBrokerService.MaxListed)];
            foreach (var partition in partitions)
            {
                _partitions.Remove(partition.Partition);
            }

            var records = _records;
            _records = [];
            var news = _begin() with { Partitions = partitions, Catalog = TakeSteps(), CatalogVersion = _version, RecordChanged = records.Count > 0 };
            return new Taken(news, records);
        }
    }

    // Those behind would leave a gap if one were too many: whoever hears of the version without the steps fetches the rest.
    private ImmutableArray<CatalogStep> TakeSteps()
    {
        var bytes = 0;
        ImmutableArray<CatalogStep> taken = [.. _steps.TakeWhile(step => (bytes += CatalogBytes.Of(step)) <= MaxStepBytes)];
        _steps.Clear();
        return taken;
    }

    // False: it could not fetch the catalog in time, or read the record, and is told of it once more.
    private bool Told(Taken taken, HeardNews heard)
    {
        lock (_gate)
        {
            _heard = Math.Max(_heard, heard.CatalogVersion);
            foreach (var waiter in _waiting.Where(waiter => waiter.Version <= heard.CatalogVersion))
            {
                waiter.Heard.TrySetResult();
            }

            _waiting.RemoveAll(static waiter => waiter.Heard.Task.IsCompleted);
            if (heard.MissedRecord)
            {
                _records.AddRange(taken.Records);
            }
        }

        if (!heard.MissedRecord)
        {
            taken.Records.ForEach(static waiter => waiter.TrySetResult());
        }

        return !heard.MissedRecord && heard.CatalogVersion >= taken.News.CatalogVersion;
    }

    private void PutBack(Taken taken)
    {
        lock (_gate)
        {
            foreach (var partition in taken.News.Partitions)
            {
                _partitions.TryAdd(partition.Partition, partition);
            }

            _steps.InsertRange(0, taken.News.Catalog);
            _records.AddRange(taken.Records);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Broker {Peer} does not hear what changed here; it is told again")]
    private static partial void LogNotTold(ILogger logger, Exception exception, BrokerId peer);

    private sealed record Taken(BrokerNews News, List<TaskCompletionSource> Records);
}
