using Microsoft.Extensions.Time.Testing;
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
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));
    private readonly Func<Mutation> _mutation;
    private readonly BrokerSetup _setup;
    private SimulatedBroker? _broker;
    private int _batches;

    public Script(SimulatedDisk disk, Func<Mutation>? mutation = null, BrokerSetup? setup = null)
    {
        _setup = setup ?? new BrokerSetup();
        Disk = disk;
        _mutation = mutation ?? (() => Mutation.None);
    }

    public SimulatedDisk Disk { get; private set; }

    public ExpectedLog[] Logs { get; private init; } = [.. Enumerable.Range(0, 2).Select(index => new ExpectedLog(new PartitionId(new TopicId(new Guid(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), index)))];

    public SimulatedBroker Broker => _broker!;

    /// <summary>Another script that goes on from here with another disk.</summary>
    public Script Fork(SimulatedDisk disk) => new(disk, _mutation, _setup) { Logs = [.. Logs.Select(log => log.Copy())], _batches = _batches };

    /// <summary>Starts on what the disk holds, opens both partitions and checks them. Throws what stops it.</summary>
    public void Start(int seed = 1)
    {
        _broker = SimulatedBroker.Start(Disk, new SeededScheduler(seed), _time, new Random(seed), _setup with { Mutation = _mutation(), Exists = partition => Array.TrueForAll(Logs, log => log.Partition != partition || !log.IsDeleted) });
        foreach (var log in Logs) OpenAndCheck(log);
    }

    /// <summary>Goes on with this disk: the process is gone.</summary>
    public void Restart(SimulatedDisk disk, int seed = 2)
    {
        _broker?.Scheduler.Abandon();
        Disk = disk;
        Start(seed);
    }

    public void OpenAndCheck(ExpectedLog log)
    {
        var opened = Await(Broker.Scheduler.Start(async () => await Broker.Opener!.OpenAsync(log.Partition, new PartitionSettings(), CancellationToken.None)));
        log.CheckEpoch(opened.Handle!);
        Await(Broker.Scheduler.Start(async () =>
        {
            await log.CheckAsync(opened.Handle!, _time.GetUtcNow().ToUnixTimeMilliseconds());
            return true;
        }));
    }

    public void Append(int partition, int valueBytes = 20)
    {
        Assert.True(Broker.Handles.TryGet(Logs[partition].Partition, out var handle));
        var batch = new BatchBuilder().Records(1, valueBytes).Record($"script-{_batches++}").Build();
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
        Await(Broker.Scheduler.Start(async () =>
        {
            await Broker.Lane.TrimAsync(CancellationToken.None);
            return true;
        }));
        Pass(TimeSpan.FromMinutes(11));
        Await(Broker.Scheduler.Start(async () =>
        {
            await Broker.Lane.TrimAsync(CancellationToken.None);
            return true;
        }));
        Pass(TimeSpan.FromSeconds(2));
    }

    private void Pass(TimeSpan time)
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
