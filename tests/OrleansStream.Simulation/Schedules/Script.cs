using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Schedules;

/// <summary>A broker that a test drives step by step, with two partitions whose expected contents it keeps over restarts.</summary>
internal sealed class Script
{
    private readonly FakeTimeProvider _time;
    private readonly Func<Mutation> _mutation;
    private readonly BrokerSetup _setup;
    private SimulatedBroker? _broker;
    private int _batches;

    public Script(SimulatedDisk disk, Func<Mutation>? mutation = null, BrokerSetup? setup = null, long nowMs = BatchBuilder.DefaultTimestamp)
    {
        _time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(nowMs));
        _setup = setup ?? new BrokerSetup();
        Logs = [.. Enumerable.Range(0, 2).Select(index =>
        {
            var partition = new PartitionId(new TopicId(new Guid(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), index);
            return new ExpectedLog(partition, _setup.SettingsOf(partition));
        })];
        Disk = disk;
        _mutation = mutation ?? (() => Mutation.None);
    }

    public SimulatedDisk Disk { get; private set; }

    public ExpectedLog[] Logs { get; init; }

    /// <summary>What upkeep could not do.</summary>
    public List<Exception> Failures { get; } = [];

    public List<LogException> ReadFailures { get; } = [];

    public SimulatedBroker Broker => _broker!;

    /// <summary>Another script that goes on from here with another disk, and with a mutant if one is named.</summary>
    public Script Fork(SimulatedDisk disk, Func<Mutation>? mutation = null) => new(disk, mutation ?? _mutation, _setup) { Logs = [.. Logs.Select(log => log.Copy())], _batches = _batches };

    /// <summary>Starts on what the disk holds, opens both partitions and checks them. Throws what stops it.</summary>
    public void Start(int seed = 1)
    {
        _broker = SimulatedBroker.Start(Disk, new SeededScheduler(seed), _time, new Random(seed), _setup with { Mutation = _mutation(), OnFailed = Failures.Add, OnReadFailed = ReadFailures.Add, Exists = partition => Array.TrueForAll(Logs, log => log.Partition != partition || !log.IsDeleted) });
        foreach (var log in Logs) OpenAndCheck(log);
    }

    /// <summary>Goes on with this disk: the process is gone.</summary>
    public void Restart(SimulatedDisk disk, int seed = 2)
    {
        Abandon();
        Disk = disk;
        Start(seed);
    }

    public void OpenAndCheck(ExpectedLog log)
    {
        var outcome = Await(Broker.Scheduler.Start(async () => await Broker.Opener!.OpenAsync(log.Partition, log.Settings, CancellationToken.None)));
        if (outcome.Status == OpenStatus.Deleted && log.IsDeletionAsked)
        {
            log.Deleted();
            return;
        }

        if (log.IsDeleted) throw new ViolationException($"{log.Partition}: open answered {outcome.Status}");
        log.CheckEpoch(outcome.Handle!);
        Await(Broker.Scheduler.Start(async () =>
        {
            await log.CheckAsync(outcome.Handle!, _time.GetUtcNow().ToUnixTimeMilliseconds());
            return true;
        }));
    }

    public void Append(int partition, int valueBytes = 20)
    {
        if (!Broker.Handles.TryGet(Logs[partition].Partition, out var handle))
        {
            OpenAndCheck(Logs[partition]); // It was idle for too long.
            Assert.True(Broker.Handles.TryGet(Logs[partition].Partition, out handle));
        }

        var batch = new BatchBuilder().At(_time.GetUtcNow().ToUnixTimeMilliseconds()).Records(1, valueBytes).Record($"script-{_batches++}").Build();
        Logs[partition].Send(batch);
        handle.Append(batch, default, new Completion(Logs[partition], batch), 0);
    }

    /// <summary>Everything in the partition goes: its log starts at its end.</summary>
    public void MoveLogStart(int partition)
    {
        var log = Logs[partition];
        Assert.True(Broker.Handles.TryGet(log.Partition, out var handle));
        log.AskLogStart(handle.HighWatermark.Value);
        Assert.Equal(ErrorCode.None, Await(Broker.Scheduler.Start(async () => await Broker.Upkeep!.Mover.MoveAsync(handle, Offset.None, CancellationToken.None))));
        log.MovedLogStart(handle.LogStart.Value);
    }

    /// <summary>Trims the lane, and lets time go on until what was trimmed is deleted.</summary>
    public void Trim()
    {
        Do(() => Broker.Lane.TrimAsync(CancellationToken.None).AsTask());
        Pass(TimeSpan.FromMinutes(11));
        Do(() => Broker.Lane.TrimAsync(CancellationToken.None).AsTask());
        Pass(TimeSpan.FromSeconds(2));
    }

    /// <summary>The process is gone, with its memory.</summary>
    public void Abandon() => _broker?.Abandon();

    public void TendWal() => Do(Broker.Upkeep!.TendWalAsync);

    /// <summary>Empties the oldest part of the WAL that is closed, far from any cap.</summary>
    public void SplitClosed() => Do(async () => await Broker.Upkeep!.Splitter.SplitAsync(Broker.Upkeep.Usage.ClosedParts()[0], CancellationToken.None));

    /// <summary>The same as <see cref="TendWal"/>, as far as it comes: its disk fails.</summary>
    public void TryTendWal()
    {
        Broker.Scheduler.Start(Broker.Upkeep!.TendWalAsync);
        for (var i = 0; i < 50; i++) Pass(TimeSpan.FromMilliseconds(100));
    }

    public void TendPartitions() => Do(Broker.Upkeep!.TendPartitionsAsync);

    public void Delete(int partition)
    {
        Logs[partition].AskDeletion();
        Do(() => Broker.Upkeep!.Deletion.DeleteAsync(Logs[partition].Partition, CancellationToken.None).AsTask());
        Logs[partition].Deleted();
    }

    /// <summary>Upkeep goes on until all has gone that may go, and nothing else must have.</summary>
    public void Drain()
    {
        foreach (var log in Logs.Where(log => log.IsDeletionAsked && !log.IsDeleted)) Delete(log.Partition.Index);
        foreach (var pass in Leftovers.Passes)
        {
            Pass(pass);
            TendPartitions();
            TendWal();
            Do(Broker.Upkeep!.CloseSessionsAsync);
        }

        Do(() => Leftovers.CheckAsync(Broker, Disk));
        if (Broker.Objects!.Violation is { } violation) throw violation;
    }

    public void Do(Func<Task> work) => Await(Broker.Scheduler.Start(async () =>
    {
        await work();
        return true;
    }));

    public void Pass(TimeSpan time)
    {
        Settle();
        _time.Advance(time);
        Broker.Tick();
        Settle();
    }

    public void Settle() => Broker.Scheduler.RunUntilIdle(100_000);

    /// <summary>After this the durable end is published.</summary>
    public void Rest()
    {
        Settle();
        _time.Advance(TimeSpan.FromMilliseconds(60));
        Broker.Tick();
        Settle();
    }

    private T Await<T>(Task<T> task)
    {
        for (var wait = 0; wait < 100 && !task.IsCompleted; wait++)
        {
            Settle();
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Broker.Tick();
        }

        return task.IsCompleted ? task.GetAwaiter().GetResult() : throw new SimulatedCrashException(Disk.WritePoints);
    }

    private sealed class Completion(ExpectedLog log, byte[] batch) : IAppendCompletion
    {
        public void OnAppended(int token, in AppendOutcome outcome)
        {
            if (outcome.Error == ErrorCode.None) log.Acknowledge(batch, outcome.BaseOffset);
        }
    }
}
