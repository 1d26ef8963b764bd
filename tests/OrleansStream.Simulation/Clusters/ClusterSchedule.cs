using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// A world of two or three brokers on one container, driven by a seed: what clients do, who dies, stands still or is taken for dead, what storage and calls
/// make of requests, and in which order everything runs. In the end all is well again, and every log is read and compared with what was acknowledged.
/// </summary>
internal sealed class ClusterSchedule
{
    // How long it may take, once all is well, until a partition is open and takes a record.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    // Where the write budget is spent, a record waits so long for company, and then for the write.
    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(15);

    private readonly int _seed;
    private readonly Random _chance;
    private readonly ClusterWorld _world;
    private readonly ClusterMembers _members;
    private readonly GroupClients _groups;
    private readonly ClusterProducer[] _producers;
    private readonly int[] _weights = new int[Enum.GetValues<ClusterAction>().Length];
    private int _batches;
    private int _topics;
    private int _acknowledged;
    private int _opened;

    private ClusterSchedule(int seed, ClusterMutation mutation)
    {
        _seed = seed;
        _chance = new Random(seed);
        _world = new ClusterWorld(_chance.Next(), mutation);
        for (var index = 1 + _chance.Next(4); index > 0; index--) _world.Logs.Add(NewLog(index));
        _producers = [.. Enumerable.Range(0, 1 + _chance.Next(3)).Select(id => new ClusterProducer(Any(_world.Logs), 1000 + id))];
        _groups = new GroupClients(_world, new Random(_chance.Next()));
        _members = new ClusterMembers(_world, new Random(_chance.Next()), brokers: 2 + _chance.Next(2));

        // Weights of their own for each seed: some schedules are nearly all moves, some nearly all crashes.
        for (var i = 0; i < _weights.Length; i++) _weights[i] = _chance.Next(3) == 0 ? 0 : 1 + _chance.Next(8);
        if (_chance.Next(4) == 0)
        {
            // All about groups, and about coordinators that stand still while others take their place.
            _weights[(int)ClusterAction.Groups] += 12;
            _weights[(int)ClusterAction.OpenJournal] += 6;
            _weights[(int)ClusterAction.Freeze] += 3;
            _weights[(int)ClusterAction.Pass] += 6;
        }

        _weights[(int)ClusterAction.Append] += 8;
        _weights[(int)ClusterAction.Produce] += 6;
        _weights[(int)ClusterAction.Open] += 8;
        _weights[(int)ClusterAction.Run] += 10;
    }

    private long NowMs => _world.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Runs the seed's schedule.</summary>
    /// <exception cref="ViolationException">The log did what it must never do. Its message ends with what happened last.</exception>
    public static ClusterResult Run(int seed, Func<ClusterMutation>? newMutation = null)
    {
        var schedule = new ClusterSchedule(seed, (newMutation ?? (static () => new ClusterMutation()))());
        try
        {
            return schedule.Run();
        }
        catch (ViolationException violation)
        {
            throw new ViolationException($"{violation.Message}\n{schedule._world.Trace}");
        }
        finally
        {
            schedule._members.KillAll();
            schedule._world.Meters.Dispose();
        }
    }

    private ClusterResult Run()
    {
        _members.StartAll();
        foreach (var log in _world.Logs) Open(Any(_world.Brokers), log);
        var steps = _chance.Next(12) == 0 ? 400 + _chance.Next(600) : 60 + _chance.Next(200);
        for (var step = 0; step < steps; step++)
        {
            var action = Pick();
            _world.Note($"act {action}");
            Act(action);
            _world.ThrowIfViolated();
        }

        Heal();
        foreach (var log in _world.Logs) CheckWhole(log);
        foreach (var log in _world.Deleted) CheckDeleted(log);
        _groups.CheckWhole();
        if (_chance.Next(12) == 0) CheckLeftovers();
        End();
        return new ClusterResult(_world.EventHash, _world.Lives, _acknowledged, _opened, _world.Calls.Released) { Prepared = _world.Calls.Prepared, Objects = _world.Objects, ObjectsDeleted = _world.ObjectsDeleted, BlocksDeleted = _world.BlocksDeleted, Commits = _world.Groups.Sum(static group => group.Acknowledged) };
    }

    // An id is never used again.
    private ClusterLog NewLog(int index) => new(new PartitionId(new TopicId(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, (byte)++_topics)), index), new PartitionSettings
    {
        RetentionMs = _chance.Next(4) switch { 0 => 60_000, 1 => 600_000, _ => -1 },
        SegmentMs = 10_000,
        SegmentBytes = _chance.Next(2) == 0 ? 10_000 : 1_073_741_824,
        FileDeleteDelayMs = _chance.Next(2) == 0 ? 0 : 60_000,
        ProducerExpirationMs = int.MaxValue,
        LatencyClass = (LatencyClass)_chance.Next(3),
    });

    private ClusterAction Pick()
    {
        var at = _chance.Next(_weights.Sum());
        for (var i = 0; ; i++)
        {
            at -= _weights[i];
            if (at < 0) return (ClusterAction)i;
        }
    }

    private void Act(ClusterAction action)
    {
        switch (action)
        {
            case ClusterAction.Append:
                for (var i = _chance.Next(10); i >= 0; i--) Append(Any(_world.Logs));
                break;
            case ClusterAction.Produce:
                for (var i = _chance.Next(4); i >= 0; i--) Produce(Any(_producers));
                break;
            case ClusterAction.Read:
                foreach (var log in _world.Logs) Read(log);
                break;
            case ClusterAction.Groups:
                _groups.Use();
                break;
            case ClusterAction.OpenJournal:
                _groups.Open();
                break;
            case ClusterAction.Open:
                Open(Any(_world.Brokers), Any(_world.Logs));
                break;
            case ClusterAction.OpenTwice:
                var wanted = Any(_world.Logs);
                foreach (var broker in _world.Brokers) Open(broker, wanted);
                break;
            case ClusterAction.OpenAll:
                foreach (var log in _world.Logs)
                {
                    foreach (var broker in _world.Brokers) Open(broker, log);
                }

                break;
            case ClusterAction.GiveUp:
                OnHandle(Any(_world.Logs), static (broker, handle) => broker.Log!.Handles.GiveUp(handle));
                break;
            case ClusterAction.ReleaseInVain:
                ReleaseInVain(Any(_world.Logs));
                break;
            case ClusterAction.MoveLogStart:
                MoveLogStart(Any(_world.Logs));
                break;
            case ClusterAction.Delete:
                if (_chance.Next(3) == 0) Delete(_chance.Next(_world.Logs.Count));
                break;
            case ClusterAction.EndLane:
                EndLane(Any(_world.Brokers));
                break;
            case ClusterAction.Run:
                _world.Pass(TimeSpan.FromMicroseconds(_chance.Next(200_000)));
                break;
            case ClusterAction.Pass:
                _world.Pass(TimeSpan.FromMilliseconds(_chance.Next(_chance.Next(4) == 0 ? 40_000 : 4_000)));
                break;
            case ClusterAction.Rest:
                if (_chance.Next(4) != 0) break;
                _world.Pass(TimeSpan.FromSeconds(_chance.Next(_chance.Next(3) == 0 ? 900 : 100)));
                foreach (var broker in _world.Brokers.Where(static broker => broker.Serves)) _world.Begin(broker, "rest", () => _world.Mutation.RestAsync(broker));
                break;
            default:
                _members.Act(action);
                break;
        }
    }

    private void Append(ClusterLog log)
    {
        var batch = new BatchBuilder().At(NowMs).Records(1 + _chance.Next(3), _chance.Next(10) == 0 ? 1500 : 20).Record($"{_seed}-{_batches++}").Build();
        log.Send(batch);
        OnHandle(log, (broker, handle) => handle.Append(batch, default, new Completion(this, (broker, handle), log, batch), 0));
    }

    private void Produce(ClusterProducer producer)
    {
        var batch = producer.Send(_chance, $"{_seed}-{_batches++}");
        OnHandle(producer.Log, (broker, handle) => handle.Append(batch, default, new Completion(this, (broker, handle), producer.Log, batch) { Producer = producer }, 0));
    }

    private void Read(ClusterLog log) => OnHandle(log, (broker, handle) => _world.Begin(broker, "read", async () =>
    {
        var (start, end) = (handle.LogStart.Value, handle.HighWatermark.Value);
        if (end > start) await log.ReadAsync(handle, start + (_chance.Next(2) == 0 ? 0 : _chance.NextInt64(end - start)), end, broker.ToString());
    }));

    private void Open(ClusterBroker broker, ClusterLog log)
    {
        if (!broker.Serves) return;
        _world.Begin(broker, $"open of {log.Partition.Index}", async () =>
        {
            var opened = await broker.Log!.OpenAsync(log.Partition, log.Settings, CancellationToken.None);
            _world.Note($"{broker} was answered {opened.Error} for {log.Partition.Index}");
            if (opened.Damage is { } damage) throw new ViolationException($"{broker} finds {log.Partition} damaged: {damage.Message}");
            if (log.IsDeletionAsked) return;
            if (opened.Handle is not null) _opened++;
            else if (opened.Error is not (ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError)) throw new ViolationException($"{broker} answers {opened.Error} when {log.Partition} is to be opened");
        });
    }

    private void ReleaseInVain(ClusterLog log)
    {
        if (_world.Manifests.Newest(log.Partition) is not { } manifest || _world.Brokers.FirstOrDefault(broker => broker.Number == manifest.Owner.Broker.Value) is not { } owner) return;
        _world.Calls.Send(owner.Silo, (log.Partition, manifest.Owner), isPreparation: false, static _ => { });
    }

    private void MoveLogStart(ClusterLog log) => OnHandle(log, (broker, handle) => _world.Begin(broker, "move of log start", async () =>
    {
        if (handle.HighWatermark.Value == 0) return;
        var target = _chance.Next(2) == 0 ? handle.HighWatermark : new Offset(_chance.NextInt64(handle.HighWatermark.Value + 1));
        log.AskLogStart(target.Value);
        if (await broker.Log!.MoveLogStartAsync(handle, target, CancellationToken.None) == ErrorCode.None) log.MovedLogStart(target.Value);
    }));

    private void Delete(int index)
    {
        var log = _world.Logs[index];
        log.IsDeletionAsked = true;
        _world.Deleted.Add(log);
        _world.Logs[index] = NewLog(log.Partition.Index);
        for (var i = 0; i < _producers.Length; i++)
        {
            if (_producers[i].Log == log) _producers[i] = new ClusterProducer(_world.Logs[index], 1000 + i);
        }

        DeleteOn(Any(_world.Brokers), log);
    }

    // The catalog forgets the topic when its tombstone stands (rule D3), and asks again if it is not told so.
    private void DeleteOn(ClusterBroker broker, ClusterLog log)
    {
        if (!broker.Serves) return;
        _world.Begin(broker, $"deletion of {log.Partition}", async () =>
        {
            await broker.Log!.DeleteAsync(log.Partition, CancellationToken.None);
            if (log.IsDeleted) return;

            // Each broker learns of it by its copy of the catalog, and ends what it has open.
            log.IsDeleted = true;
            foreach (var other in _world.Brokers) _world.Clock.In(TimeSpan.FromMilliseconds(_chance.Next(3_000)), () => DeleteOn(other, log));
        });
    }

    private static void EndLane(ClusterBroker broker)
    {
        if (broker.Serves) broker.Scheduler.Post(() => broker.Log!.Lanes.Current.Abort(new LaneEnd("A schedule ended it.", null)));
    }

    // Sent to a broker that serves the partition, or believes so: a client knows no better.
    private void OnHandle(ClusterLog log, Action<ClusterBroker, PartitionHandle> action)
    {
        var serving = _world.Brokers.Where(broker => broker.Serves && broker.Log!.Handles.TryGet(log.Partition, out _)).ToList();
        if (serving.Count == 0)
        {
            // As a client that finds no leader: the partition is opened by whoever is to have it.
            Open(Any(_world.Brokers), log);
            return;
        }

        var chosen = Any(serving);
        chosen.Scheduler.Post(() =>
        {
            if (chosen.Log!.Handles.TryGet(log.Partition, out var handle)) action(chosen, handle);
        });
    }

    private void Heal()
    {
        _world.Note("all is well again");
        _members.Heal();
        if (!_world.PassUntil(() => _world.Brokers.All(broker => broker.Serves && !broker.IsFrozen && !_world.Membership.IsDeclaredDead(broker.Silo)), Patience)) throw new ViolationException("The brokers do not all run.");
    }

    // Opened by somebody, written to, read whole; then moved, and read again.
    private void CheckWhole(ClusterLog log)
    {
        PartitionHandle? last = null;
        foreach (var broker in _world.Brokers.OrderBy(_ => _chance.Next()).Take(2).ToList())
        {
            var handle = WorkingHandle(broker, log);
            if (last is { } before && handle.Epoch <= before.Epoch) throw new ViolationException($"{log.Partition}: epoch {handle.Epoch} was claimed after epoch {before.Epoch}");
            last = handle;
            Await(broker, () => log.CheckWholeAsync(handle, broker.ToString(), NowMs), $"read of all of {log.Partition.Index}");
        }
    }

    private void CheckDeleted(ClusterLog log)
    {
        for (var attempt = 0; !log.IsDeleted && attempt < 10; attempt++)
        {
            DeleteOn(Any(_world.Brokers), log);
            _world.Pass(TimeSpan.FromSeconds(5));
        }

        if (!log.IsDeleted) throw new ViolationException($"{log.Partition} cannot be deleted, though nothing is wrong any more");
        foreach (var broker in _world.Brokers)
        {
            Await(broker, async () =>
            {
                await broker.Log!.DeleteAsync(log.Partition, CancellationToken.None);
                var opened = await broker.Log!.OpenAsync(log.Partition, log.Settings, CancellationToken.None);
                if (opened.Error != ErrorCode.UnknownTopicOrPartition) throw new ViolationException($"{broker} answers {opened.Error} for {log.Partition}, which is deleted");
            }, $"open of {log.Partition.Index}");
        }
    }

    // Dead sessions are recovered, their partitions opened, what those inherited is split or carried by age, and then they are closed: all of it within an hour.
    private void CheckLeftovers()
    {
        _world.Pass(TimeSpan.FromMinutes(60));
        var alive = _world.Brokers.Select(static broker => broker.Log!.Lanes.Current.Session).ToHashSet();
        foreach (var broker in _world.Brokers.Take(1))
        {
            Await(broker, async () =>
            {
                await foreach (var stored in broker.Sessions.ListAsync(CancellationToken.None))
                {
                    if (stored.Record.State != SessionState.Closed && !alive.Contains(stored.Record.Session)) throw new ViolationException($"Session {stored.Record.Session} is {stored.Record.State} an hour after its broker was gone");
                }
            }, "look at sessions");
        }

        foreach (var name in _world.Blobs.Names.Where(static name => name.StartsWith("w/", StringComparison.Ordinal)))
        {
            if (_world.Blobs[name].Length > Mutants.MutantContainer.FenceBytes && !alive.Any(session => name.Contains(session.ToString(), StringComparison.Ordinal))) throw new ViolationException($"{name} is left of a closed session");
        }

        foreach (var log in _world.Logs) CheckWhole(log);
        _groups.CheckWhole();
    }

    private PartitionHandle WorkingHandle(ClusterBroker broker, ClusterLog log)
    {
        var deadline = _world.Clock.Now + Patience;
        while (_world.Clock.Now < deadline)
        {
            var before = _acknowledged;
            Open(broker, log);
            _world.Pass(TimeSpan.FromSeconds(1));
            if (!broker.Log!.Handles.TryGet(log.Partition, out var handle) || !handle.IsOwner) continue;
            var batch = new BatchBuilder().At(NowMs).Record($"{_seed}-{_batches++}").Build();
            log.Send(batch);
            broker.Scheduler.Post(() => handle.Append(batch, default, new Completion(this, (broker, handle), log, batch), 0));
            _world.PassUntil(() => _acknowledged > before, LongestLinger);
            if (_acknowledged > before && handle.IsOwner) return handle;
        }

        throw new ViolationException($"{log.Partition} does not come to serve on {broker} within {Patience.TotalSeconds} s, though nothing is wrong any more");
    }

    private void Await(ClusterBroker broker, Func<Task> work, string what)
    {
        var task = _world.Begin(broker, what, work);
        if (!_world.PassUntil(() => task.IsCompleted, Patience)) throw new ViolationException($"The {what} does not end.");
        _world.ThrowIfViolated();
    }

    private void End()
    {
        _members.IsEnding = true;
        foreach (var broker in _world.Brokers) broker.Stop();
        if (!_world.PassUntil(() => _world.Brokers.All(broker => broker.Stopping!.IsCompleted), Patience)) throw new ViolationException("Not all brokers end when they are told to.");
        foreach (var broker in _world.Brokers)
        {
            if (broker.Stopping!.IsFaulted) throw new ViolationException($"{broker} did not end well: {broker.Stopping.Exception!.InnerException!.Message}");
            var leases = broker.Log!.Slabs.Leases;
            if (leases.Total != 0) throw new ViolationException($"{broker} has {leases.Total} leases out after its end: {string.Join(", ", leases.Open)}");
        }

        ContainerVerification.Check(_world.Blobs);
    }

    private T Any<T>(IReadOnlyList<T> among) => among[_chance.Next(among.Count)];

    private sealed class Completion(ClusterSchedule schedule, (ClusterBroker Broker, PartitionHandle Handle) at, ClusterLog log, byte[] batch) : IAppendCompletion
    {
        public ClusterProducer? Producer { get; init; }

        public void OnAppended(int token, in AppendOutcome outcome)
        {
            var (world, answer) = (schedule._world, outcome);
            world.Note($"{at.Broker} answers {outcome.Error} at {outcome.BaseOffset} of {log.Partition.Index} in {at.Handle.Epoch} {Producer?.Id}");
            if (outcome.Error == ErrorCode.None) schedule._acknowledged++;
            world.Check(() =>
            {
                if (answer.Error == ErrorCode.None) log.Acknowledge(at.Broker.Silo, at.Handle.Epoch, batch, answer.BaseOffset);
                else if (Producer is null && answer.Error != ErrorCode.RequestTimedOut) log.Refuse(at.Broker.Silo, answer.Error, batch);
                Producer?.OnAnswer(batch, answer, !log.IsDeletionAsked && world.Manifests.Newest(log.Partition)!.Epoch == at.Handle.Epoch);
            });
        }
    }
}
