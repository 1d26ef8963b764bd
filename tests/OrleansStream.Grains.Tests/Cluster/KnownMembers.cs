using Orleans;
using Orleans.Runtime;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>A membership table of which a start only reads: the test says what stands in it.</summary>
internal sealed class KnownMembers : IMembershipTable
{
    private readonly Dictionary<SiloAddress, MembershipEntry> _members = [];

    /// <summary>How often it was read.</summary>
    public int Reads { get; private set; }

    public void Set(SiloAddress silo, SiloStatus status, DateTime isAlive) =>
        _members[silo] = new MembershipEntry { SiloAddress = silo, Status = status, SiloName = "other", HostName = "other", IAmAliveTime = isAlive };

    public Task<MembershipTableData> ReadAll()
    {
        Reads++;
        return Task.FromResult(new MembershipTableData([.. _members.Values.Select(entry => Tuple.Create(entry, "1"))], new TableVersion(1, "1")));
    }

    public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();

    public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();

    public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => throw new NotSupportedException();

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => throw new NotSupportedException();

    public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
}
