using OrleansStream.Cluster.Tests.Histories;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Errors;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Records;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>
/// Offers records of every partition to one broker alone, whether it is their leader or not: the others' refuse them. So it is known which broker has
/// acknowledged a record, which no client library tells, and a broker that takes itself for the owner is found out.
/// </summary>
internal sealed class WireProducer(RunContext run, int number, BrokerProcess broker) : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(300);

    // A broker that is frozen does not answer; its answer after this time is not heard.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);
    private const int RequestMs = 10_000;

    // The first one in which a broker that is not the leader names whom it takes for it.
    private const short Version = 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly int[] _offered = new int[run.Partitions];
    private Task _loop = Task.CompletedTask;

    public void Start()
    {
        run.History.Producers[number] = new(number, ProducerKind.Once, broker.Id);
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private async Task RunAsync()
    {
        WireConnection? connection = null;
        using var timer = new PeriodicTimer(Tick);
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
        {
            connection ??= await WireConnection.TryOpenAsync(broker.Port, AnswerLimit);
            if (connection is null || await TryOfferAsync(connection)) continue;
            connection.Dispose();
            connection = null;
        }
        connection?.Dispose();
    }

    // False if the connection is of no more use.
    private async Task<bool> TryOfferAsync(WireConnection connection)
    {
        var started = run.Clock.Now;
        var names = _offered.Select(sequence => new RecordName(number, sequence)).ToList();
        for (var partition = 0; partition < run.Partitions; partition++) _offered[partition]++;
        // Of now: records of an old date would be retention's.
        var date = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var request = new ProduceRequest { Acks = -1, TimeoutMs = RequestMs, Topics = [new() { Name = run.Topic }] };
        for (var partition = 0; partition < run.Partitions; partition++)
        {
            request.Topics[0].Partitions.Add(new() { Index = partition, Records = new BatchBuilder().At(date).Record(names[partition].ToString()).Build() });
        }

        var answer = await connection.TryAskAsync<ProduceResponse>(request, Version, AnswerLimit);
        var ended = run.Clock.Now;
        var answers = answer?.Topics.SelectMany(topic => topic.Partitions).ToDictionary(partition => partition.Index) ?? [];
        for (var partition = 0; partition < run.Partitions; partition++)
        {
            var (outcome, offset) = !answers.TryGetValue(partition, out var one) ? (AppendOutcome.Unknown, -1L)
                : one.ErrorCode == ErrorCode.None ? (AppendOutcome.Acknowledged, one.BaseOffset)
                : one.ErrorCode == ErrorCode.RequestTimedOut ? (AppendOutcome.Unknown, -1L) : (AppendOutcome.Refused, -1L);
            run.Note(new(names[partition], partition, outcome, offset, started, ended) { Error = outcome == AppendOutcome.Acknowledged ? null : one?.ErrorCode.ToString() });
            run.LastAnswers[(partition, broker.Id)] = Describe(one);
        }
        return answer is not null;
    }

    private static string Describe(ProduceResponse.Partition? answer) => answer switch
    {
        null => "no answer",
        { CurrentLeader: { LeaderId: >= 0 } leader } => $"{answer.ErrorCode}, leader is {leader.LeaderId} in epoch {leader.LeaderEpoch}",
        _ => answer.ErrorCode.ToString(),
    };
}
