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

    public async ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken)
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
            return await AskAsync(services.Of(silo), partition, owner).WaitAsync(AskAtMost, time, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoAnswer(exception, owner, partition);
            return new ReleaseAnswer(await silos.IsDeadAsync(silo, cancellationToken) ? ReleaseVerdict.Dead : ReleaseVerdict.NoAnswer);
        }
    }

    private static async Task<ReleaseAnswer> AskAsync(IBrokerService broker, PartitionId partition, SessionId owner)
    {
        var reply = await broker.ReleaseAsync(partition, owner);
        if (!reply.IsReleased)
        {
            return new ReleaseAnswer(ReleaseVerdict.NotOwner);
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
        return log.Stored.Manifest.Partition == partition
            ? new ReleaseAnswer(ReleaseVerdict.Released, log)
            : throw new LogException($"Asked to let go of {partition}, broker {owner.Broker} answered with {log.Stored.Manifest.Partition}.");
    }

    [LoggerMessage(LogLevel.Information, "The broker of session {Session} does not answer when it is asked for partition {Partition}")]
    private partial void LogNoAnswer(Exception exception, SessionId session, PartitionId partition);
}
