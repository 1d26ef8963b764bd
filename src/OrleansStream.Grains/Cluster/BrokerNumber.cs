using Orleans;
using Orleans.Runtime;
using OrleansStream.Log;
using OrleansStream.Log.Brokers;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Whether this process may take its number and its addresses, before it writes them down. What it decides is who has to go, not what is safe: a broker that
/// was replaced in error finds its session fenced, and loses nothing that was acknowledged.
/// </summary>
/// <param name="table">The cluster's members; initialized.</param>
/// <param name="registry">Who the brokers are.</param>
/// <param name="time">Measures the wait.</param>
public sealed class BrokerNumber(IMembershipTable table, IBrokerRegistry registry, TimeProvider time)
{
    /// <summary>How long a start waits for another process under its number to be declared dead: three of its heartbeats.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Refuses an advertised address that a live broker has already: clients would be sent to either.</summary>
    /// <exception cref="LogException">Names the broker and the address.</exception>
    public async Task RefuseTakenAddressesAsync(BrokerRecord own, CancellationToken cancellationToken)
    {
        var members = await table.ReadAllAsync(cancellationToken);
        await foreach (var stored in registry.ListAsync(cancellationToken))
        {
            var other = stored.Record;
            if (other.Broker == own.Broker || !IsAlive(members, SiloAddress.FromParsableString(other.SiloAddress))) continue;
            var shared = other.Listeners.FirstOrDefault(listener => own.Listeners.Any(mine => mine.Port == listener.Port && mine.Host.Equals(listener.Host, StringComparison.OrdinalIgnoreCase)));
            if (shared is not null)
            {
                throw new LogException($"Broker {other.Broker} of this cluster advertises {shared.Host}:{shared.Port} already: give broker {own.Broker} an address of its own.");
            }
        }
    }

    /// <summary>
    /// Whether the process whose record stands under this number is gone: declared dead, or at this process's own address, where nobody else can be. For
    /// another one, which may be stopping, it waits. One that shows no sign of life meanwhile counts as gone: after a crash of all brokers nobody is left to
    /// declare it dead.
    /// </summary>
    /// <param name="stands">The record under this number.</param>
    /// <param name="own">The address of this silo.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<bool> IsGoneAsync(BrokerRecord stands, SiloAddress own, CancellationToken cancellationToken)
    {
        var other = SiloAddress.FromParsableString(stands.SiloAddress);
        if (other.Endpoint.Equals(own.Endpoint)) return true;

        var since = time.GetTimestamp();
        var first = EntryOf(await table.ReadAllAsync(cancellationToken), other);
        for (var entry = first; entry is not null && entry.Status != SiloStatus.Dead; entry = EntryOf(await table.ReadAllAsync(cancellationToken), other))
        {
            if (time.GetElapsedTime(since) >= Patience) return entry.IAmAliveTime == first!.IAmAliveTime;
            await Task.Delay(Pause, time, cancellationToken);
        }

        return true;
    }

    private static bool IsAlive(MembershipTableData members, SiloAddress silo) => EntryOf(members, silo) is { Status: not SiloStatus.Dead };

    private static MembershipEntry? EntryOf(MembershipTableData members, SiloAddress silo) => members.Members.FirstOrDefault(member => member.Item1.SiloAddress.Equals(silo))?.Item1;
}
