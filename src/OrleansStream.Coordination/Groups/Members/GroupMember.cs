using System.Text;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;

namespace OrleansStream.Coordination.Groups.Members;

/// <summary>A member and what it waits for.</summary>
internal sealed class GroupMember
{
    // What a member costs beside its texts and bytes: the object, its timer and its places in the tables.
    private const int FixedBytes = 512;

    public required string Id { get; init; }

    public string? InstanceId { get; init; }

    public required string ClientId { get; init; }

    public required string ClientHost { get; init; }

    public TimeSpan SessionTimeout { get; private set; }

    public TimeSpan RebalanceTimeout { get; private set; }

    public IReadOnlyList<GroupProtocol> Protocols { get; private set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>True until its first generation is formed: its client may not know the id yet, so nothing it does can keep it alive.</summary>
    public bool IsNew { get; set; }

    /// <summary>Set through the roster, which counts them.</summary>
    public GroupTicket? ParkedJoin { get; set; }

    public GroupTicket? ParkedSync { get; set; }

    public bool IsParked => ParkedJoin is not null || ParkedSync is not null;

    public bool IsStatic => InstanceId is not null;

    /// <summary>As <see cref="GroupOptions.MaxMemberBytes"/> counts.</summary>
    public int Bytes { get; private set; }

    /// <summary>As <see cref="GroupOptions.MaxBytes"/> counts, without the assignment: that is the array of the generation that is stored.</summary>
    public long HeldBytes { get; private set; }

    public static GroupMember From(JoinRequest request, string id)
    {
        var member = new GroupMember { Id = id, InstanceId = request.InstanceId, ClientId = request.ClientId, ClientHost = request.ClientHost, IsNew = true };
        member.Offer(Unique(request.Protocols), request.SessionTimeout, RebalanceTimeoutOf(request));
        return member;
    }

    public static GroupMember From(StoredMember stored)
    {
        var member = new GroupMember { Id = stored.MemberId, InstanceId = stored.InstanceId, ClientId = stored.ClientId, ClientHost = stored.ClientHost, Assignment = stored.Assignment };
        member.Offer(stored.Protocols, stored.SessionTimeout, stored.RebalanceTimeout);
        return member;
    }

    public static TimeSpan RebalanceTimeoutOf(JoinRequest request)
    {
        var asked = request.RebalanceTimeout ?? request.SessionTimeout;
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
    }

    // Kafka's collection keeps the first of two protocols with one name; counting both would break the vote.
    public static IReadOnlyList<GroupProtocol> Unique(IReadOnlyList<GroupProtocol> protocols) => [.. protocols.DistinctBy(protocol => protocol.Name)];

    /// <summary>Changes what the member offers. Only the roster calls this for one of its members: it counts protocols and bytes.</summary>
    public void Offer(IReadOnlyList<GroupProtocol> protocols, TimeSpan sessionTimeout, TimeSpan rebalanceTimeout)
    {
        Protocols = protocols;
        SessionTimeout = sessionTimeout;
        RebalanceTimeout = rebalanceTimeout;
        Bytes = FixedBytes + Length(Id) + Length(InstanceId) + Length(ClientId) + Length(ClientHost) + BytesOf(protocols);
        HeldBytes = Memory.HeldBytes.OfMember([Id, InstanceId, ClientId, ClientHost], protocols);
    }

    public bool Offers(IReadOnlyList<GroupProtocol> protocols) => Protocols.SequenceEqual(Unique(protocols));

    public byte[] MetadataFor(string? protocol)
    {
        foreach (var offered in Protocols)
        {
            if (offered.Name == protocol)
            {
                return offered.Metadata;
            }
        }

        return [];
    }

    public StoredMember ToStored(byte[] assignment) => new()
    {
        MemberId = Id,
        InstanceId = InstanceId,
        ClientId = ClientId,
        ClientHost = ClientHost,
        SessionTimeout = SessionTimeout,
        RebalanceTimeout = RebalanceTimeout,
        Protocols = Protocols,
        Assignment = assignment,
    };

    public static int BytesOf(IReadOnlyList<GroupProtocol> protocols)
    {
        var bytes = 0;
        foreach (var protocol in protocols)
        {
            bytes = checked(bytes + Length(protocol.Name) + protocol.Metadata.Length + 16);
        }

        return bytes;
    }

    private static int Length(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
