using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Log;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Ownership;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Asks the broker behind a session to let go of a partition (rule O3). That a session is not its broker's current one is concluded from a record that was
/// read after the question came, and that a broker is dead from membership alone: a session that lives must not be fenced by mistake, for it carries all
/// partitions of its broker.
/// </summary>
internal sealed partial class SessionOwners(BrokerRecords records, SiloStatuses silos, IBrokerServices services, TimeProvider time, ILogger<SessionOwners> logger)
    : ISessionOwners
{
    // What the owner does for it is a wait for blocks that are under way, and some objects of 8 MiB. Asking again joins what runs.
    private static readonly TimeSpan AskAtMost = Limits.GrainCall;

    public ValueTask<ReleaseAnswer> PrepareAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) =>
        AnswerAsync(owner, partition, new Question(ReleaseVerdict.Prepared, static (broker, what) => broker.PrepareAsync(what.Partition, what.Owner)), cancellationToken);

    public ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) =>
        AnswerAsync(owner, partition, new Question(ReleaseVerdict.Released, static (broker, what) => broker.ReleaseAsync(what.Partition, what.Owner)), cancellationToken);

    private async ValueTask<ReleaseAnswer> AnswerAsync(SessionId owner, PartitionId partition, Question question, CancellationToken cancellationToken)
    {
        var record = records.Find(owner.Broker);
        if (record?.Session != owner)
        {
            record = await records.ReadAsync(owner.Broker, cancellationToken);
            if (record?.Session != owner)
            {
                // A session is named in the record before its first claim, so one that is not named there now was replaced.
                return new ReleaseAnswer(ReleaseVerdict.Dead);
            }
        }

        var silo = Orleans.Runtime.SiloAddress.FromParsableString(record!.SiloAddress);
        if (await silos.IsDeadAsync(silo, cancellationToken))
        {
            return new ReleaseAnswer(ReleaseVerdict.Dead);
        }

        try
        {
            return await AskAsync(services.Of(silo), (partition, owner), question).WaitAsync(AskAtMost, time, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // A broker of an earlier version knows of no preparation; one that is silent is not asked for the release too.
            var isRefused = question.Verdict == ReleaseVerdict.Prepared && exception is not TimeoutException;
            if (!isRefused)
            {
                LogNoAnswer(exception, owner, partition);
            }

            return isRefused && !await silos.IsDeadAsync(silo, cancellationToken) ? new ReleaseAnswer(ReleaseVerdict.Unprepared)
                : new ReleaseAnswer(await silos.IsDeadAsync(silo, cancellationToken) ? ReleaseVerdict.Dead : ReleaseVerdict.NoAnswer);
        }
    }

    private static async Task<ReleaseAnswer> AskAsync(IBrokerService broker, (PartitionId Partition, SessionId Owner) what, Question question)
    {
        var reply = await question.Ask(broker, what);
        if (!reply.IsReleased)
        {
            return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        }

        if (reply.TotalBytes == 0)
        {
            return new ReleaseAnswer(ReleaseVerdict.Unprepared);
        }

        var bytes = reply.Log;
        if (reply.Answer is { } answer)
        {
            bytes = new byte[reply.TotalBytes];
            reply.Log.CopyTo(bytes, 0);
            for (var have = reply.Log.Length; have < bytes.Length;)
            {
                // It was thrown away meanwhile, or never fits: asking for all of it again is the way out.
                var rest = await broker.ReleaseRestAsync(answer, have);
                if (rest is null || rest.Log.Length == 0 || rest.Log.Length > bytes.Length - have)
                {
                    return new ReleaseAnswer(ReleaseVerdict.NoAnswer);
                }

                rest.Log.CopyTo(bytes, have);
                have += rest.Log.Length;
            }
        }

        var log = ReleasedLogCodec.Read(bytes);
        return log.Stored.Manifest.Partition == what.Partition
            ? new ReleaseAnswer(question.Verdict, log, reply.Producers is { } image ? new ServedProducers(image, reply.ProducerBytes) : null)
            : throw new LogException($"Asked to let go of {what.Partition}, broker {what.Owner.Broker} answered with {log.Stored.Manifest.Partition}.");
    }

    /// <summary>What is asked, and what an answer with a log means.</summary>
    private readonly record struct Question(ReleaseVerdict Verdict, Func<IBrokerService, (PartitionId Partition, SessionId Owner), Task<ReleaseReply>> Ask);

    // One for each partition of a broker that has just died; what people need to know of that is told once (Departures).
    [LoggerMessage(LogLevel.Debug, "The broker of session {Session} does not answer when it is asked for partition {Partition}")]
    private partial void LogNoAnswer(Exception exception, SessionId session, PartitionId partition);
}
