using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// What an operator reads of brokers that go: one line that says which one it was and how many of its partitions fall to this broker, and one when these are
/// served again. Whatever one partition's opening has to say is told elsewhere.
/// </summary>
internal sealed partial class Departures(ClusterMembers members, BrokerRecords records, PartitionLeaders leaders, MoveSurroundings surroundings)
{
    // A take-over takes a second or two. One that takes longer waits for storage, and is told of before it is over.
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(10);

    // For the name of a session, which is for people only: nothing waits for it.
    private static readonly TimeSpan ReadAtMost = TimeSpan.FromSeconds(2);

    private readonly ILogger _logger = surroundings.Logger;
    private readonly ConcurrentQueue<(LiveBroker Broker, IReadOnlyList<PartitionId> Served, long At)> _found = new();

    // Of the one take-over that runs at a time.
    private readonly List<Departure> _open = [];

    /// <summary>Keeps who is gone by a change of the cluster, and what he served by then: as soon as others open it, nobody knows any more that it was his.</summary>
    public void Find(ClusterLayout before, ClusterLayout after)
    {
        foreach (var gone in before.Members.Where(member => member.Id != members.Self && !member.Silo.Equals(after.Find(member.Id)?.Silo)))
        {
            _found.Enqueue((gone, leaders.ServedBy(gone.Silo), surroundings.Time.GetTimestamp()));
        }
    }

    /// <summary>Tells of those that were found since the last call.</summary>
    public async Task TellFoundAsync(CancellationToken cancellationToken)
    {
        while (_found.TryDequeue(out var found))
        {
            var mine = found.Served.Where(partition => members.PlacedOn(partition) == members.Self).ToList();
            var departure = new Departure(found.Broker, await SessionOfAsync(found.Broker, cancellationToken), mine, found.At);
            LogGone(departure.Broker.Id, AddressOf(departure.Broker), NameOf(departure.Session), HowItWent(departure.Broker), mine.Count);
            if (mine.Count > 0)
            {
                _open.Add(departure);
            }
        }
    }

    /// <summary>Tells of those whose partitions have all been opened here, or went elsewhere.</summary>
    /// <param name="isServed">Whether a partition is served here.</param>
    /// <param name="isDue">Whether it is still to be opened here.</param>
    public void TellServed(Func<PartitionId, bool> isServed, Func<PartitionId, bool> isDue)
    {
        foreach (var departure in _open.ToList())
        {
            var seconds = surroundings.Time.GetElapsedTime(departure.FoundAt).TotalSeconds;
            var due = departure.Mine.Count(isDue);
            if (due == 0)
            {
                _open.Remove(departure);
                TellDone(departure, departure.Mine.Count(isServed), seconds);
            }
            else if (seconds > Late.TotalSeconds && !departure.IsToldLate)
            {
                departure.IsToldLate = true;
                LogLate(due, departure.Mine.Count, departure.Broker.Id, seconds);
            }
        }
    }

    private void TellDone(Departure departure, int served, double seconds)
    {
        if (served == departure.Mine.Count)
        {
            LogServed(served, departure.Broker.Id, seconds);
        }
        else
        {
            LogNotAllServed(served, departure.Mine.Count, departure.Broker.Id, seconds);
        }
    }

    private string HowItWent(LiveBroker broker) => members.Layout.Find(broker.Id) is not null ? "was started anew" : broker.IsDraining ? "has left" : "is gone";

    // A lane that failed begins a new session without a word to others, so what was read last may name an earlier one.
    private async Task<SessionId?> SessionOfAsync(LiveBroker broker, CancellationToken cancellationToken)
    {
        var record = records.Find(broker.Id);
        try
        {
            var now = await records.ReadAsync(broker.Id, cancellationToken).AsTask().WaitAsync(ReadAtMost, surroundings.Time, cancellationToken);
            record = now?.SiloAddress == broker.Silo.ToParsableString() ? now : record;
        }
        catch (Exception exception) when (exception is LogException or TimeoutException)
        {
            // Storage is away for a moment; the take-over finds that out by itself.
        }

        return record?.SiloAddress == broker.Silo.ToParsableString() ? record.Session : null;
    }

    private static string AddressOf(LiveBroker broker) => string.Join(", ", broker.Broker.Endpoints.OrderBy(static listener => listener.Key, StringComparer.Ordinal).Select(static listener => $"{listener.Value.Host}:{listener.Value.Port}"));

    private static string NameOf(SessionId? session) => session is { } known ? $"session {known}" : "its session is not known any more";

    [LoggerMessage(LogLevel.Information, "Broker {Broker} ({Address}; {Session}) {Went}: this broker takes over {Mine} partitions that it served")]
    private partial void LogGone(BrokerId broker, string address, string session, string went, int mine);

    [LoggerMessage(LogLevel.Information, "All {Mine} partitions taken over from broker {Broker} serve, {Seconds:0.000} s after it was found gone")]
    private partial void LogServed(int mine, BrokerId broker, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Served} of {Mine} partitions taken over from broker {Broker} serve, {Seconds:0.000} s after it was found gone; the others belong to another broker by now, are deleted, or cannot be opened, which is told of each")]
    private partial void LogNotAllServed(int served, int mine, BrokerId broker, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Due} of {Mine} partitions of broker {Broker} do not serve yet, {Seconds:0.000} s after it was found gone; they are tried again until they do")]
    private partial void LogLate(int due, int mine, BrokerId broker, double seconds);
}
