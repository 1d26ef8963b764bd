using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Schedules;

/// <summary>
/// A world with one broker, driven by a seed: what clients do, when the machine stops, which calls of the disk fail, and in which order everything runs.
/// After each restart all logs are read and compared with what was acknowledged.
/// </summary>
internal sealed class Schedule
{
    private const int MaxPartitions = 4;
    private const int MaxStepsIdle = 20_000;
    private const int MaxWaits = 400;

    // Every event of a schedule, to reduce what a seed has found.
    private static readonly bool Traces = Environment.GetEnvironmentVariable("SIMULATION_TRACE") is not null;

    private static readonly TopicId JournalTopic = new(new Guid(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

    private readonly int _seed;
    private readonly Random _chance;
    private readonly Func<Mutation> _newMutation;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));
    private readonly XxHash64 _events = new();
    private readonly ExpectedLog[] _logs;
    private readonly List<ExpectedLog> _deleted = [];
    private readonly SimulatedProducer[] _producers;
    private readonly SimulatedJournal[] _journals;
    private readonly BrokerSetup _setup;
    private readonly int[] _weights = new int[Enum.GetValues<ScheduleAction>().Length];
    private readonly List<Task> _pending = [];
    private readonly List<PartitionId> _opening = [];
    private SimulatedDisk _disk = new();
    private SimulatedBroker? _broker;
    private Task<bool>? _replacing;
    private Task? _tendingWal;
    private Task? _tendingPartitions;
    private readonly SortedDictionary<ErrorCode, int> _answers = [];
    private int _batches;
    private int _topics;
    private int _lives;
    private long _segments;
    private long _carried;
    private int _damages;
    private int _refusals;
    private int _unanswered;
    private ViolationException? _violation;
    private bool _mayFail;
    private bool _isDraining;

    private Schedule(int seed, Func<Mutation> newMutation)
    {
        _seed = seed;
        _chance = new Random(seed);
        _newMutation = newMutation;
        _logs = [.. Enumerable.Range(0, 1 + _chance.Next(MaxPartitions)).Select(NewLog)];
        _producers = [.. Enumerable.Range(0, 1 + _chance.Next(3)).Select(id => new SimulatedProducer(_logs[_chance.Next(_logs.Length)], 1000 + id))];
        _journals = [.. Enumerable.Range(0, _chance.Next(3)).Select(index => new SimulatedJournal(new PartitionId(JournalTopic, index)))];
        _setup = NewSetup();

        // Weights of their own for each seed: some schedules are nearly all trims, some nearly all crashes.
        for (var i = 0; i < _weights.Length; i++) _weights[i] = _chance.Next(4) == 0 ? 0 : 1 + _chance.Next(10);
        _weights[(int)ScheduleAction.Append] += 10;
        _weights[(int)ScheduleAction.Run] += 10;
        _weights[(int)ScheduleAction.Open] += 2;
        _weights[(int)ScheduleAction.Damage] = _chance.Next(8) == 0 ? 1 : 0; // Each costs two more starts.
    }

    /// <summary>Runs the seed's schedule. Returns the hash of everything that happened.</summary>
    /// <exception cref="ViolationException">The log did what it must never do.</exception>
    public static ScheduleResult Run(int seed, Func<Mutation>? newMutation = null)
    {
        var schedule = new Schedule(seed, newMutation ?? (() => Mutation.None));
        try
        {
            return schedule.Run();
        }
        finally
        {
            schedule._broker?.Abandon();
        }
    }

    /// <summary>Whether the partition holds a journal in every schedule.</summary>
    public static bool IsJournal(PartitionId partition) => partition.Topic == JournalTopic;

    private ScheduleResult Run()
    {
        Restart(_disk);
        var steps = 20 + _chance.Next(70);
        for (var step = 0; step < steps; step++)
        {
            Act(Pick());
            Forget();
            if (_disk.IsStopped) Restart(Fallen());
            else if (_broker!.Lane.End is not null) ReplaceLane();
        }

        // Twice: what the first start found must still be there after a cut that takes what it did not sync.
        Restart(Fallen());
        Restart(Fallen());
        Drain();
        StopCleanly();
        Verify();
        Restart(_disk);
        return new ScheduleResult(_events.GetCurrentHashAsUInt64(), _lives, _answers.GetValueOrDefault(ErrorCode.None), _answers.Values.Sum())
        {
            Damages = _damages, Refusals = _refusals, Segments = _segments, CarriedBytes = _carried, Deleted = _deleted.Count, Commands = _journals.Sum(journal => journal.Settled), Restored = _journals.Sum(journal => journal.Restored),
        };
    }

    private BrokerSetup NewSetup()
    {
        var fileBytes = _chance.Next(2) == 0 ? 32 * 1024 : 64 * 1024;
        return new BrokerSetup
        {
            FileBytes = fileBytes,
            MaxWalBytes = _chance.Next(3) == 0 ? long.MaxValue / 2 : (2 + _chance.Next(5)) * fileBytes,
            CarryBytes = _chance.Next(5) switch { 0 => 0, 1 => 2000, _ => 20_000 },
            SegmentBytes = _chance.Next(2) == 0 ? 4 * 1024 : 64 * 1024,
            ReadGrace = _chance.Next(3) == 0 ? TimeSpan.FromMinutes(10) : TimeSpan.Zero,
            SettingsOf = partition => partition.Topic == JournalTopic ? SimulatedJournal.Settings : LogOf(partition)?.Settings ?? new PartitionSettings(),
            Exists = partition => LogOf(partition) is not { IsDeleted: true },
            ClosesWhenIdle = static partition => partition.Topic != JournalTopic,
            OnFailed = OnUpkeepFailed,
        };
    }

    // An id is never used again.
    private ExpectedLog NewLog(int index) => new(new PartitionId(new TopicId(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, (byte)++_topics)), index), new PartitionSettings
    {
        RetentionMs = _chance.Next(3) switch { 0 => -1, 1 => 3_600_000, _ => 604_800_000 },
        RetentionBytes = _chance.Next(4) == 0 ? 20_000 : -1,
        SegmentBytes = _chance.Next(2) == 0 ? 10_000 : 1_073_741_824,
        FileDeleteDelayMs = _chance.Next(2) == 0 ? 0 : 60_000,
        ProducerExpirationMs = int.MaxValue,
    });

    private ExpectedLog? LogOf(PartitionId partition) => Array.Find(_logs, log => log.Partition == partition) ?? _deleted.Find(log => log.Partition == partition);

    private ScheduleAction Pick()
    {
        var at = _chance.Next(_weights.Sum());
        for (var i = 0; ; i++)
        {
            at -= _weights[i];
            if (at < 0) return (ScheduleAction)i;
        }
    }

    private void Act(ScheduleAction action)
    {
        Note($"act {action}");
        switch (action)
        {
            case ScheduleAction.Append:
                for (var i = _chance.Next(6); i >= 0; i--) Append(_logs[_chance.Next(_logs.Length)]);
                break;
            case ScheduleAction.Produce:
                for (var i = _chance.Next(4); i >= 0; i--) Produce(_producers[_chance.Next(_producers.Length)]);
                break;
            case ScheduleAction.Burst:
                for (var i = 4 + _chance.Next(20); i >= 0 && !_disk.IsStopped; i--)
                {
                    if (_journals.Length > 0 && _chance.Next(4) == 0) Journal(_journals[_chance.Next(_journals.Length)]);
                    else Append(_logs[_chance.Next(_logs.Length)]);
                    _broker!.Scheduler.RunUntilIdle(MaxStepsIdle);
                }

                break;
            case ScheduleAction.Run:
                for (var i = _chance.Next(60); i >= 0 && _broker!.Scheduler.RunOne(); i--)
                {
                }

                break;
            case ScheduleAction.Settle:
                _broker!.Scheduler.RunUntilIdle(MaxStepsIdle);
                break;
            case ScheduleAction.Pass:
                _time.Advance(_chance.Next(24) switch { 0 => TimeSpan.FromHours(25), < 4 => TimeSpan.FromSeconds(700), _ => TimeSpan.FromMilliseconds(1 + _chance.Next(120)) });
                _broker!.Tick();
                break;
            case ScheduleAction.Open:
                Open(_logs[_chance.Next(_logs.Length)]);
                break;
            case ScheduleAction.Trim:
                Begin(() => _broker!.Lane.TrimAsync(CancellationToken.None).AsTask());
                break;
            case ScheduleAction.MoveLogStart:
                MoveLogStart(_logs[_chance.Next(_logs.Length)]);
                break;
            case ScheduleAction.CloseSessions:
                Begin(_broker!.Upkeep!.CloseSessionsAsync);
                break;
            case ScheduleAction.TendWal:
                if (_tendingWal is null or { IsCompleted: true }) _tendingWal = Begin(_broker!.Upkeep!.TendWalAsync);
                break;
            case ScheduleAction.TendPartitions:
                if (_tendingPartitions is null or { IsCompleted: true }) _tendingPartitions = Begin(_broker!.Upkeep!.TendPartitionsAsync);
                break;
            case ScheduleAction.Delete:
                if (_chance.Next(3) == 0) Delete(_chance.Next(_logs.Length));
                break;
            case ScheduleAction.Journal:
                for (var i = _chance.Next(4); i >= 0 && _journals.Length > 0; i--) Journal(_journals[_chance.Next(_journals.Length)]);
                break;
            case ScheduleAction.SaveProducers:
                foreach (var log in _logs)
                {
                    if (_broker!.Handles.TryGet(log.Partition, out var handle)) Begin(() => _broker.Upkeep!.Producers.TendAsync(handle, CancellationToken.None).AsTask());
                }

                Begin(() => _broker!.Upkeep!.Pending.DeleteDueAsync(CancellationToken.None).AsTask());
                break;
            case ScheduleAction.Stop:
                Restart(Fallen());
                break;
            case ScheduleAction.StopInCall:
                _disk.StopAtWritePoint = _disk.WritePoints + 1 + _chance.Next(12);
                break;
            case ScheduleAction.StopCleanly:
                StopCleanly();
                Restart(_disk);
                break;
            case ScheduleAction.Fail:
                FailSoon();
                break;
            case ScheduleAction.Fill:
                _mayFail = true;
                _disk.Capacity = _chance.Next(2) == 0 ? long.MaxValue : long.MaxValue - _disk.FreeBytes + _chance.Next(200_000);
                break;
            case ScheduleAction.Damage:
                DamageCopy();
                break;
            case ScheduleAction.Check:
                foreach (var log in _logs)
                {
                    if (_broker!.Handles.TryGet(log.Partition, out var handle)) Begin(() => log.CheckAsync(handle, NowMs));
                }

                break;
        }
    }

    private long NowMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private void Delete(int index)
    {
        var (broker, log) = (_broker!, _logs[index]);
        log.AskDeletion();
        _deleted.Add(log);
        _logs[index] = NewLog(index);
        for (var i = 0; i < _producers.Length; i++)
        {
            if (_producers[i].Log == log) _producers[i] = new SimulatedProducer(_logs[index], 1000 + i);
        }

        Begin(async () =>
        {
            await broker.Upkeep!.Deletion.DeleteAsync(log.Partition, CancellationToken.None);
            log.Deleted();
        });
    }

    private void Journal(SimulatedJournal journal)
    {
        var broker = _broker!;
        switch (_chance.Next(12))
        {
            case 0:
                if (!MayOpen(journal.Partition)) break;
                var opener = _chance.Next(2) == 0 ? broker.Opener! : broker.OtherOpener!;
                Begin(async () =>
                {
                    using var opening = new Opening(_opening, journal.Partition);
                    await opener.OpenAsync(journal.Partition, SimulatedJournal.Settings, CancellationToken.None);
                });
                break;
            case < 3:
                Begin(() => journal.LoadAsync(broker));
                break;
            case < 5:
                Begin(journal.SnapshotAsync);
                break;
            default:
                var (count, padding) = (1 + _chance.Next(3), _chance.Next(4) == 0 ? 3000 : 10);
                Begin(() => journal.AppendAsync(broker, count, padding));
                break;
        }
    }

    // Reading what somebody else has deleted or expired meanwhile fails, and is tried again; damage never is.
    private void OnUpkeepFailed(Exception error)
    {
        if (error is ViolationException violation) _violation ??= violation;
        if (!_mayFail && !_disk.IsStopped && (error is CorruptBlockException or not LogException || _isDraining)) _violation ??= new ViolationException($"Upkeep failed: {error.Message}");
    }

    private void Append(ExpectedLog log)
    {
        if (!_broker!.Handles.TryGet(log.Partition, out var handle)) return;
        var batch = new BatchBuilder().At(NowMs).Records(1 + _chance.Next(3), _chance.Next(10) == 0 ? 1500 : 20).Record($"{_seed}-{_batches++}").Build();
        log.Send(batch);
        if (handle.Append(batch, default, new Completion(this, log, batch, _disk), 0) == AppendStatus.Begun) _unanswered++;
    }

    // The server lets one run at a time for each partition. Two show what they do to each other; of many none may come to an end.
    private bool MayOpen(PartitionId partition) => _opening.Count(opening => opening == partition) < 2;

    private void AppendMore(PartitionId partition)
    {
        if (Array.Find(_logs, log => log.Partition == partition) is { } log && _chance.Next(4) == 0) Append(log);
    }

    private void Produce(SimulatedProducer producer)
    {
        if (!_broker!.Handles.TryGet(producer.Log.Partition, out var handle)) return;
        var batch = producer.Send(_chance, $"{_seed}-{_batches++}");
        Note($"produce {producer.Id} {producer.Log.Partition} {BinaryPrimitives.ReadInt32BigEndian(batch.AsSpan(RecordBatchLayout.BaseSequence))} in {handle.Epoch}");
        if (handle.Append(batch, default, new Completion(this, producer.Log, batch, _disk, producer), 0) == AppendStatus.Begun) _unanswered++;
    }

    private void Open(ExpectedLog log)
    {
        var opener = _chance.Next(2) == 0 ? _broker!.Opener! : _broker!.OtherOpener!;
        if (!MayOpen(log.Partition)) return;
        Begin(async () =>
        {
            using var opening = new Opening(_opening, log.Partition);
            var outcome = await opener.OpenAsync(log.Partition, log.Settings, CancellationToken.None);
            if (log.IsDeletionAsked && outcome.Status == OpenStatus.Deleted) return;
            Note($"opened {log.Partition} {outcome.Handle?.Epoch} {outcome.Handle?.LogStart} {outcome.Handle?.HighWatermark}");
            if (outcome.Status is not (OpenStatus.Opened or OpenStatus.LaneEnded)) throw new ViolationException($"{log.Partition}: open answered {outcome.Status}");
        });
    }

    private void MoveLogStart(ExpectedLog log)
    {
        if (!_broker!.Handles.TryGet(log.Partition, out var handle) || handle.HighWatermark.Value == 0) return;
        var broker = _broker;
        
        // Often all of it: only then the lane may give up its last slots.
        var target = _chance.Next(2) == 0 ? handle.HighWatermark : new Offset(_chance.NextInt64(handle.HighWatermark.Value + 1));
        log.AskLogStart(target.Value);
        Note($"move {log.Partition} to {target} in {handle.Epoch}");
        Begin(async () =>
        {
            if (await broker.Upkeep!.Mover.MoveAsync(handle, target, CancellationToken.None) == ErrorCode.None) log.MovedLogStart(target.Value);
        });
    }

    private void FailSoon()
    {
        _mayFail = true;
        var operation = _chance.Next(5) switch
        {
            0 => DiskOperation.Write, 1 => DiskOperation.SyncDirectory, 2 => DiskOperation.Rename, 3 => DiskOperation.Create, _ => DiskOperation.SyncData,
        };
        var skip = _chance.Next(4);
        var count = 1 + _chance.Next(3);
        var fault = operation == DiskOperation.Write && _chance.Next(2) == 0 ? DiskFault.NoSpace : DiskFault.Fail;
        _disk.Faults = call => call.Operation == operation && skip-- <= 0 && count-- > 0 ? fault : DiskFault.None;
    }

    private void ReplaceLane()
    {
        if (_replacing is { IsCompleted: false }) return;
        var broker = _broker!;
        _replacing = broker.Scheduler.Start(broker.ReplaceLaneAsync);
        _pending.Add(_replacing);
    }

    // What stands on the disk after the machine lost power, or the process was killed.
    private SimulatedDisk Fallen() => _chance.Next(3) == 0 ? _disk.Kill() : _disk.CutPower(_chance.Next());

    private void StopCleanly()
    {
        var broker = _broker!;
        _disk.Faults = null;
        _disk.StopAtWritePoint = null;
        _disk.Capacity = long.MaxValue;
        if (_disk.IsStopped) return;
        try
        {
            Await(broker.Scheduler.Start(broker.StopAsync));
            broker.Scheduler.RunUntilIdle(MaxStepsIdle);
            if (_unanswered != 0 && !_mayFail) throw new ViolationException($"{_unanswered} appends were never answered.");
            if (broker.Leases.Total != 0 && !_mayFail) throw new ViolationException($"{broker.Leases.Total} leases are out after the end: {string.Join(", ", broker.Leases.Open)}");
        }
        catch (Exception error) when (error is LogException or SimulatedCrashException && _mayFail)
        {
        }

        _disk = _disk.Kill();
    }

    private void Restart(SimulatedDisk disk)
    {
        for (var attempt = 0; ; attempt++)
        {
            End();
            Note($"life {++_lives}");
            _disk = disk;
            disk.Observer = OnDiskCall;
            disk.Capacity = long.MaxValue;
            disk.Faults = null;
            disk.StopAtWritePoint = attempt < 3 && _chance.Next(4) == 0 ? disk.WritePoints + 1 + _chance.Next(25) : null;
            try
            {
                var mutation = _newMutation();
                mutation.AppendMore = AppendMore;
                _broker = SimulatedBroker.Start(disk, new SeededScheduler(_chance.Next()), _time, new Random(_chance.Next()), _setup with { Mutation = mutation });
                foreach (var log in _logs.Concat(_deleted)) CheckAfterStart(log);
                foreach (var journal in _journals) CheckAfterStart(journal);
                if (!disk.IsStopped) return;
            }
            catch (Exception error) when (error is SimulatedCrashException || disk.IsStopped)
            {
                if (error is ViolationException) throw;
            }
            catch (Exception error) when (error is LogException or InvalidOperationException or UnreadableException)
            {
                throw new ViolationException($"The broker does not start: {error.Message}");
            }

            disk = Fallen();
        }
    }

    // After a rest, so that the durable end of everything is published: damage to what was acknowledged in the last 50 ms may pass for a torn write.
    private void DamageCopy()
    {
        _disk.Faults = null;
        _disk.StopAtWritePoint = null;
        _disk.Capacity = long.MaxValue;
        for (var rest = 0; rest < 3; rest++)
        {
            _broker!.Scheduler.RunUntilIdle(MaxStepsIdle);
            _time.Advance(TimeSpan.FromMilliseconds(60));
            _broker.Tick();
        }

        _broker!.Scheduler.RunUntilIdle(MaxStepsIdle);
        if (_broker.Lane.End is not null) return;
        var whole = _disk.CutPowerKeepingAll();
        var damaged = _disk.CutPowerKeepingAll();
        var path = damaged.AllFiles()[_chance.Next(damaged.AllFiles().Count)];
        var used = damaged.Contents(path).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        var (damage, position) = (used > 0 ? (Damage)_chance.Next(3) : Damage.MissingFile, used > 0 ? _chance.Next(used) : 0L);
        if (damage == Damage.ZeroedPage) position -= position % DiskDamage.PageBytes;
        Note($"{damage} of {path} at {position}");
        DiskDamage.Hurt(damaged, damage, path, position);
        var isUntold = damage == Damage.MissingFile && DiskDamage.LeavesNoWitness(damaged, path);
        var script = new Script(damaged, _newMutation, _setup, NowMs) { Logs = [.. _logs.Concat(_deleted).Select(log => log.Copy())] };
        _damages++;
        try
        {
            if (DiskDamage.Try(script, damage, path, position) != DamageOutcome.Harmless) _refusals++;
        }
        catch (ViolationException) when (isUntold)
        {
            Note("nothing told that it was there");
        }

        script.Abandon();
        Restart(whole);
    }

    private void CheckAfterStart(ExpectedLog log)
    {
        var broker = _broker!;
        Await(broker.Scheduler.Start(async () =>
        {
            var outcome = await broker.Opener!.OpenAsync(log.Partition, log.Settings, CancellationToken.None);
            if (log.IsDeletionAsked && outcome.Status == OpenStatus.Deleted)
            {
                log.Deleted();
                return;
            }

            if (outcome.Handle is null || log.IsDeleted) throw new ViolationException($"{log.Partition}: open answered {outcome.Status}");
            log.CheckEpoch(outcome.Handle);
            await log.CheckAsync(outcome.Handle, NowMs);
        }));
    }

    private void CheckAfterStart(SimulatedJournal journal)
    {
        var broker = _broker!;
        Await(broker.Scheduler.Start(async () =>
        {
            var outcome = await broker.Opener!.OpenAsync(journal.Partition, SimulatedJournal.Settings, CancellationToken.None);
            if (outcome.Handle is null) throw new ViolationException($"Journal {journal.Partition}: open answered {outcome.Status}");
            await journal.LoadAsync(broker);
        }));
    }

    // All goes that may go, and nothing else does.
    private void Drain()
    {
        _isDraining = true;
        _disk.StopAtWritePoint = null;
        foreach (var log in _deleted.Where(log => !log.IsDeleted)) Finish(() => DeleteAgainAsync(log));
        foreach (var pass in Leftovers.Passes)
        {
            _time.Advance(pass);
            Finish(_broker!.Upkeep!.TendPartitionsAsync);
            Finish(_broker!.Upkeep!.TendWalAsync);
            Finish(_broker!.Upkeep!.CloseSessionsAsync);
        }

        Finish(() => Leftovers.CheckAsync(_broker!, _disk));
        _isDraining = false;
    }

    private async Task DeleteAgainAsync(ExpectedLog log)
    {
        await _broker!.Upkeep!.Deletion.DeleteAsync(log.Partition, CancellationToken.None);
        log.Deleted();
    }

    // What verification of a stopped broker says.
    private void Verify()
    {
        var scheduler = new SeededScheduler(_seed);
        var findings = scheduler.Run(() => new DataDirectoryVerifier(_disk, scheduler).VerifyAsync(CancellationToken.None));
        if (findings.Count > 0) throw new ViolationException($"Verification: {findings[0]}");
    }

    private void Finish(Func<Task> work)
    {
        Await(_broker!.Scheduler.Start(work));
        _broker.Scheduler.RunUntilIdle(MaxStepsIdle);
        ThrowIfViolated();
    }

    private void End()
    {
        if (_broker is null) return;
        ThrowIfViolated();
        _segments += _broker.Upkeep?.Splitter.SegmentsWritten ?? 0;
        _carried += _broker.Upkeep?.Splitter.BytesCarried ?? 0;
        foreach (var journal in _journals) journal.Forget();
        _broker.Abandon();
        _broker = null;
        (_replacing, _tendingWal, _tendingPartitions) = (null, null, null);
        _pending.Clear();
        _opening.Clear();
        _mayFail = false;
        _unanswered = 0;
    }

    private Task Begin(Func<Task> work)
    {
        var task = _broker!.Scheduler.Start(work);
        _pending.Add(task);
        return task;
    }

    private void ThrowIfViolated()
    {
        if ((_violation ?? _broker?.Objects?.Violation) is { } violation) throw violation;
    }

    // Failures of the disk are what the schedule asked for; anything else is not.
    private void Forget()
    {
        ThrowIfViolated();
        foreach (var task in _pending.Where(task => task.IsFaulted)) Judge(task.Exception!.InnerException!);
        _pending.RemoveAll(task => task.IsCompleted);
    }

    private void Judge(Exception error)
    {
        if (error is CorruptBlockException && !_disk.IsStopped && !_mayFail) throw new ViolationException(error.Message);
        if (error is SimulatedCrashException or UnreadableException || (error is LogException && _mayFail)) return;
        if (error is ViolationException violation) throw violation;
        if (!_disk.IsStopped) throw new ViolationException($"{error.GetType().Name}: {error.Message}");
    }

    private void Await(Task task)
    {
        for (var wait = 0; !task.IsCompleted; wait++)
        {
            if (wait == MaxWaits) throw _disk.IsStopped ? new SimulatedCrashException(_disk.WritePoints) : new ViolationException("The broker is stuck.");
            _broker!.Scheduler.RunUntilIdle(MaxStepsIdle);
            if (task.IsCompleted || _disk.IsStopped) break;
            _time.Advance(TimeSpan.FromMilliseconds(100));
            _broker.Tick();
        }

        if (!task.IsCompleted) throw new SimulatedCrashException(_disk.WritePoints);
        task.GetAwaiter().GetResult();
    }

    private void OnDiskCall(DiskCall call) => Note($"{call.Operation} {call.Path} {call.Position} {call.Length}");

    private void Note(string text)
    {
        _events.Append(MemoryMarshal.AsBytes(text.AsSpan()));
        if (Traces) Console.Error.WriteLine(text);
    }

    private sealed class Opening : IDisposable
    {
        private readonly List<PartitionId> _all;
        private readonly PartitionId _partition;

        public Opening(List<PartitionId> all, PartitionId partition)
        {
            (_all, _partition) = (all, partition);
            all.Add(partition);
        }

        public void Dispose() => _all.Remove(_partition);
    }

    private sealed class Completion(Schedule schedule, ExpectedLog log, byte[] batch, SimulatedDisk disk, SimulatedProducer? producer = null) : IAppendCompletion
    {
        public void OnAppended(int token, in AppendOutcome outcome)
        {
            // Whoever is dead answers nobody.
            if (disk.IsStopped) return;
            schedule._unanswered--;
            schedule._answers[outcome.Error] = schedule._answers.GetValueOrDefault(outcome.Error) + 1;
            if (outcome.Error == ErrorCode.None) schedule.Note($"acknowledged {log.Partition.Index} {outcome.BaseOffset} {producer?.Id}");
            try
            {
                if (producer is not null) producer.OnAnswer(batch, outcome);
                else if (outcome.Error == ErrorCode.None) log.Acknowledge(batch, outcome.BaseOffset);
                else if (outcome.Error != ErrorCode.RequestTimedOut) log.Refuse(batch, outcome.Error);
            }
            catch (ViolationException violation)
            {
                // Who answers survives its callers' exceptions, so it is kept for later.
                schedule._violation ??= violation;
            }
        }
    }
}
