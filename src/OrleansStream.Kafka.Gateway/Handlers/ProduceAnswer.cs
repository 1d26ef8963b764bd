using System.Diagnostics;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>
/// A Produce that has begun: collects what becomes of each batch, from whichever thread says so, and is complete when the last one has come.
/// A batch has one outcome. What comes after its time was up is told to nobody; but if the batch was lost, what was sent behind it is held back all the same.
/// </summary>
internal sealed class ProduceAnswer : PendingAnswer, IAppendCompletion
{
    // Produce versions from here on tell who leads instead (KIP-951).
    private const short FirstWithLeader = 10;

    private readonly KafkaConnection _connection;
    private readonly RequestHeader _header;
    private readonly ProduceRequest _request;
    private readonly ProduceSurroundings _surroundings;
    private readonly AppendOutcome[] _outcomes;
    private readonly int[] _decided;
    private readonly long _started;

    // A full lane is emptied in less than this by a store that keeps up. What waits longer is told to come less often.
    private static readonly TimeSpan LongWait = TimeSpan.FromMilliseconds(100);

    // Clients that obey send nothing for as long as they are told, so that it must not be long after the store has recovered.
    private static readonly TimeSpan LongestThrottle = TimeSpan.FromSeconds(1);

    // Null unless somebody listens. It ends on another thread than it began on, so nobody may hold it as the current one until then.
    private readonly Activity? _trace;
    private KnownLeader?[]? _leaders;
    private Refusal? _refusal;
    private int[]? _firsts;
    private TimeSpan _waited;
    private int _missing;
    private volatile bool _hasBegun;

    /// <param name="connection">Where the answer goes.</param>
    /// <param name="header">Whose request it is.</param>
    /// <param name="request">Its topics and partitions; the records in it are not touched.</param>
    /// <param name="surroundings">What the answer is made with.</param>
    public ProduceAnswer(KafkaConnection connection, in RequestHeader header, ProduceRequest request, ProduceSurroundings surroundings)
    {
        _connection = connection;
        _header = header;
        _request = request;
        _surroundings = surroundings;
        _started = surroundings.Gateway.Time.GetTimestamp();
        _trace = GatewayMetrics.Traces.StartActivity(ApiTable.Get(header.Api).Name, ActivityKind.Server);
        foreach (var topic in request.Topics)
        {
            Count += topic.Partitions.Count;
        }

        _outcomes = new AppendOutcome[Count];
        _decided = new int[Count];

        // One more than there are batches: the answer cannot leave while the request still begins.
        _missing = Count + 1;
    }

    /// <summary>Batches of the request; tokens count through them in order.</summary>
    public int Count { get; }

    /// <summary>Batches that have their place, or are refused, by those who begin the request; the token of the next one.</summary>
    public int HandedOver { get; set; }

    /// <summary>The number of the request on its connection.</summary>
    public required long Number { get; init; }

    private TimeSpan TimeLimit => TimeSpan.FromMilliseconds(Math.Max(_request.TimeoutMs, 1));

    /// <summary>Every batch has been handed over.</summary>
    public void Begun()
    {
        _hasBegun = true;
        CountDown();
    }

    /// <summary>As <see cref="Begun"/>, of a request that took its turn to append: the ones behind it come next.</summary>
    public void BegunInTurn()
    {
        _connection.Refused.Appended(Number);
        Begun();
    }

    public void OnAppended(int token, in AppendOutcome outcome) => Decide(token, outcome, holdsUp: true);

    /// <summary>Forgets refusals that the client knew of when it sent the request. Called in the order in which requests append.</summary>
    public void ForgetRefused() => _connection.Refused.ForgetTold(Number);

    /// <summary>Whether the request was sent behind a refused batch of that partition, before its client could know.</summary>
    public bool IsBehindRefused(string topic, int index) => _connection.Refused.Holds(Number, topic, index, _surroundings.Catalog.Current);

    /// <summary>The batch was sent behind one that was refused, and is so too. It holds up no batch itself: the client sends the refused one again first.</summary>
    public void RefuseBehind(int token) => Decide(token, Refused(ErrorCode.NotLeaderOrFollower, null), holdsUp: false);

    /// <summary>
    /// Waits until the lane may have room for what it refused, and notes how long that took. False when the request's timeout is over: its client does not
    /// wait any longer, and nothing may be stored behind its back.
    /// </summary>
    public async ValueTask<bool> RoomAsync(PartitionHandle handle, CancellationToken gone)
    {
        var time = _surroundings.Gateway.Time;
        var began = time.GetTimestamp();
        var left = TimeLimit - time.GetElapsedTime(_started, began);
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        using var late = new CancellationTokenSource(left, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, gone);
        try
        {
            await handle.RoomAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _waited += time.GetElapsedTime(began);
        }
    }

    /// <summary>The batch was not appended at all.</summary>
    public void Refuse(int token, ErrorCode error, string? message = null) => OnAppended(token, Refused(error, message));

    /// <summary>The batch belongs to another broker.</summary>
    public void Refuse(int token, ErrorCode error, KnownLeader? leader)
    {
        if (leader is not null)
        {
            (_leaders ??= new KnownLeader?[Count])[token] = leader;
        }

        Refuse(token, error);
    }

    public override void OnLeft()
    {
        if (_refusal is not null)
        {
            _connection.Refused.Tell(_refusal);
        }
    }

    public override void Expire(long now)
    {
        // Until then nobody may say "in doubt" of a batch that is not in the lane at all.
        if (!_hasBegun)
        {
            return;
        }

        if (_surroundings.Gateway.Time.GetElapsedTime(_started, now) < TimeLimit)
        {
            return;
        }

        for (var token = 0; token < Count; token++)
        {
            if (Interlocked.CompareExchange(ref _decided[token], 1, 0) != 0)
            {
                continue;
            }

            // May be stored all the same: that is what the code says. It is in the lane before whatever was sent behind it, and stays there unless the lane
            // loses it. Until the client knows of this answer it may be in front of others then. The answer cannot have left: it waits for this very batch.
            _connection.Refused.Expect(RefusalOfThis());
            _outcomes[token] = Refused(ErrorCode.RequestTimedOut, null);
            CountDown();
        }
    }

    public override bool TryWrite(ProtocolWriter writer, out bool close)
    {
        _surroundings.Gateway.Metrics.Answered(_header.Api, _surroundings.Gateway.Time.GetElapsedTime(_started));
        var errors = CountErrors();
        close = _request.Acks == 0 && errors > 0;
        if (_request.Acks != 0)
        {
            ResponseFrame.Write(writer, _header, Build());
        }

        EndTrace(errors > 0 ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
        return _request.Acks != 0;
    }

    public override void Drop() => EndTrace(ActivityStatusCode.Error);

    // As long as the request itself waited for room: whoever waits that long again before it sends more halves what it sends.
    private TimeSpan Throttle => _waited < LongWait ? TimeSpan.Zero : _waited < LongestThrottle ? _waited : LongestThrottle;

    private void EndTrace(ActivityStatusCode status)
    {
        if (_trace is { IsStopped: false })
        {
            _trace.SetStatus(status).Stop();
        }
    }

    // Only what the client will send again by itself: a batch that cannot be stored at all is not missed by those behind it. One whose lane ended before
    // anybody knew whether it stands may not, and what is sent again then must not come behind what was sent after it.
    private void NoteRefusal(int token, ErrorCode error)
    {
        if (error is not (ErrorCode.NotLeaderOrFollower or ErrorCode.UnknownTopicOrPartition or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut))
        {
            return;
        }

        var firsts = LazyInitializer.EnsureInitialized(ref _firsts, FirstTokens);
        var at = LastUpTo(firsts, token);
        var topic = _request.Topics[at];

        // A topic of another name can never exist, so that nothing can ever pass the batch.
        if (TopicNames.IsLegal(topic.Name))
        {
            _connection.Refused.Add(RefusalOfThis(), topic.Name, topic.Partitions[token - firsts[at]].Index, _surroundings.Catalog.Current);
        }
    }

    private Refusal RefusalOfThis() => _refusal ?? Interlocked.CompareExchange(ref _refusal, new Refusal(Number), null) ?? _refusal;

    // The first token of each topic; one without partitions shares that of the next.
    private int[] FirstTokens()
    {
        var firsts = new int[_request.Topics.Count];
        for (var at = 1; at < firsts.Length; at++)
        {
            firsts[at] = firsts[at - 1] + _request.Topics[at - 1].Partitions.Count;
        }

        return firsts;
    }

    private static int LastUpTo(int[] firsts, int token)
    {
        var (low, high) = (0, firsts.Length - 1);
        while (low < high)
        {
            var middle = high - ((high - low) / 2);
            if (firsts[middle] <= token)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private static AppendOutcome Refused(ErrorCode error, string? message) =>
        new() { Error = error, BaseOffset = Offset.None, LogAppendTimeMs = -1, LogStart = Offset.None, RecordIndex = -1, Message = message };

    private void Decide(int token, in AppendOutcome outcome, bool holdsUp)
    {
        var isLate = Interlocked.Exchange(ref _decided[token], 1) != 0;
        if (holdsUp && outcome.Error != ErrorCode.None)
        {
            NoteRefusal(token, outcome.Error);
        }

        if (isLate)
        {
            return;
        }

        _outcomes[token] = outcome;
        CountDown();
    }

    private void CountDown()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
        {
            _connection.Answers.Complete(this);
        }
    }

    private int CountErrors()
    {
        var errors = 0;
        foreach (ref readonly var outcome in _outcomes.AsSpan())
        {
            if (outcome.Error != ErrorCode.None)
            {
                _surroundings.Gateway.Metrics.Failed(_header.Api, outcome.Error);
                errors++;
            }
        }

        return errors;
    }

    private ProduceResponse Build()
    {
        var throttle = Throttle;
        if (throttle > TimeSpan.Zero)
        {
            _surroundings.Gateway.Metrics.ProducerThrottled();
        }

        var response = new ProduceResponse { ThrottleTimeMs = (int)throttle.TotalMilliseconds };
        var token = 0;
        foreach (var topic in _request.Topics)
        {
            var answered = new ProduceResponse.Topic { Name = topic.Name };
            answered.Partitions.EnsureCapacity(topic.Partitions.Count);
            foreach (var partition in topic.Partitions)
            {
                answered.Partitions.Add(Build(response, partition.Index, token++));
            }

            response.Topics.Add(answered);
        }

        return response;
    }

    private ProduceResponse.Partition Build(ProduceResponse response, int index, int token)
    {
        ref readonly var outcome = ref _outcomes[token];
        var failed = outcome.Error != ErrorCode.None;
        var partition = new ProduceResponse.Partition
        {
            Index = index,
            ErrorCode = outcome.Error,
            BaseOffset = failed ? -1 : outcome.BaseOffset.Value,
            LogAppendTimeMs = failed ? -1 : outcome.LogAppendTimeMs,
            LogStartOffset = TellsLogStart(outcome.Error) ? outcome.LogStart.Value : -1,
            ErrorMessage = outcome.Message,
        };
        if (failed && outcome.RecordIndex >= 0)
        {
            partition.RecordErrors.Add(new() { RecordIndex = outcome.RecordIndex, ErrorMessage = outcome.Message });
        }

        if (outcome.Error == ErrorCode.NotLeaderOrFollower && _header.Version >= FirstWithLeader && _leaders?[token] is { } leader)
        {
            NameLeader(response, partition, leader);
        }

        return partition;
    }

    // Kafka tells it with refusals that say something of this very log, and not with those of batches that could be no batch anywhere.
    private static bool TellsLogStart(ErrorCode error) => error is not
        (ErrorCode.NotLeaderOrFollower or ErrorCode.UnknownTopicOrPartition or ErrorCode.CorruptMessage or ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.KafkaStorageError);

    private void NameLeader(ProduceResponse response, ProduceResponse.Partition partition, KnownLeader leader)
    {
        foreach (var broker in _surroundings.Cluster.Brokers)
        {
            if (broker.Id != leader.Broker || !broker.Endpoints.TryGetValue(_connection.Listener, out var endpoint))
            {
                continue;
            }

            partition.CurrentLeader = new() { LeaderId = leader.Broker.Value, LeaderEpoch = leader.Epoch.Value };
            foreach (var named in response.NodeEndpoints)
            {
                if (named.NodeId == leader.Broker.Value)
                {
                    return;
                }
            }

            response.NodeEndpoints.Add(new() { NodeId = leader.Broker.Value, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack });
        }
    }
}

/// <summary>What every Produce answer is made with.</summary>
internal sealed record ProduceSurroundings(IClusterView Cluster, CatalogView Catalog, GatewaySurroundings Gateway);
