using System.Text.Json;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Tests.Groups;

public class GroupJournalCodecTests
{
    private static readonly PartitionOffset Offset = new(TestGroup.Partition(3), new CommittedOffset
    {
        TopicName = "t",
        Offset = new Offset(0x0102030405060708),
        LeaderEpoch = new LeaderEpoch(9),
        Metadata = "m",
        CommitTimestampMs = 1_700_000_000_000,
    });

    private static readonly GroupMetadata Metadata = new()
    {
        Generation = 7,
        ProtocolType = "consumer",
        ProtocolName = "range",
        LeaderId = "m1",
        StateTimestampMs = 1_700_000_000_001,
        Members =
        [
            new StoredMember
            {
                MemberId = "m1",
                InstanceId = "i1",
                ClientId = "c",
                ClientHost = "/h",
                SessionTimeout = TimeSpan.FromSeconds(10),
                RebalanceTimeout = TimeSpan.FromMinutes(5),
                Protocols = [new("range", [1, 2]), new("sticky", [])],
                Assignment = [3],
            },
            new StoredMember { MemberId = "m2", SessionTimeout = TimeSpan.Zero, RebalanceTimeout = TimeSpan.Zero, Protocols = [] },
        ],
    };

    public static TheoryData<GroupChange> Changes =>
    [
        new MetadataStored(Metadata),
        new MetadataStored(new GroupMetadata { Generation = 0, StateTimestampMs = 0 }),
        new OffsetsCommitted([Offset, Offset with { Partition = new(new(Guid.Empty), 0), Committed = Offset.Committed with { ExpireTimestampMs = 5, TopicName = "ü" } }]),
        new OffsetsRemoved([TestGroup.Partition(0), TestGroup.Partition(1), new(new(Guid.Empty), 0)]),
        new GroupRemoved(),
        new GroupSnapshot(Metadata, [Offset]),
        new GroupSnapshot(null, []),
    ];

    [Theory, MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public void A_change_survives_the_journal(GroupChange change)
    {
        Assert.True(GroupJournalCodec.TryDecode(GroupJournalCodec.Encode("groupé", change), out var id, out var decoded));

        Assert.Equal("groupé", id);
        Assert.Equal(InWords(change), InWords(decoded));
        Assert.IsType(change.GetType(), decoded);
    }

    [Theory, MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public void No_part_of_a_record_and_no_longer_one_is_a_record(GroupChange change)
    {
        var bytes = GroupJournalCodec.Encode("g", change);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(GroupJournalCodec.TryDecode(bytes.AsSpan(0, length), out _, out _));
        }

        Assert.False(GroupJournalCodec.TryDecode([.. bytes, 0], out _, out _));
    }

    // Damage that a checksum missed must neither throw nor allocate what a wrong length asks for.
    [Theory, MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public void Damaged_bytes_are_refused_or_read_but_never_throw_or_take_memory(GroupChange change)
    {
        var bytes = GroupJournalCodec.Encode("g", change);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < bytes.Length; at++)
        {
            foreach (byte damage in (byte[])[0x00, 0x7f, 0x80, 0xff, (byte)(bytes[at] ^ 1)])
            {
                var damaged = (byte[])bytes.Clone();
                damaged[at] = damage;
                GroupJournalCodec.TryDecode(damaged, out _, out _);
            }
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000L * bytes.Length);
    }

    [Fact]
    public void The_bytes_are_those_of_the_format_page()
    {
        var bytes = GroupJournalCodec.Encode("g", new OffsetsCommitted([Offset]));

        Assert.Equal(
            "01" + "02" + "010067"
            + "01000000" + "00000001000000000000000000000001" + "010074" + "01000000"
            + "03000000" + "0807060504030201" + "09000000" + "010000006d" + "0068e5cf8b010000" + "ffffffffffffffff",
            Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void The_bytes_of_a_generation_are_those_of_the_format_page()
    {
        var member = Metadata.Members[0] with { Protocols = [new("range", [1, 2])] };
        var bytes = GroupJournalCodec.Encode("g", new MetadataStored(Metadata with { Members = [member], ProtocolType = null }));

        Assert.Equal(
            "01" + "01" + "010067"
            + "07000000" + "ffff" + "050072616e6765" + "02006d31" + "0168e5cf8b010000" + "01000000"
            + "02006d31" + "02006931" + "010063" + "02002f68" + "10270000" + "e0930400"
            + "01000000" + "050072616e6765" + "020000000102" + "0100000003",
            Convert.ToHexStringLower(bytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Another_version_is_not_read(byte version)
    {
        var bytes = GroupJournalCodec.Encode("g", new GroupRemoved());
        bytes[0] = version;

        Assert.False(GroupJournalCodec.TryDecode(bytes, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void An_unknown_kind_is_not_read(byte kind)
    {
        var bytes = GroupJournalCodec.Encode("g", new GroupRemoved());
        bytes[1] = kind;

        Assert.False(GroupJournalCodec.TryDecode(bytes, out _, out _));
    }

    [Fact]
    public void A_text_that_is_too_long_is_not_written()
    {
        Assert.Throws<ArgumentException>(() => GroupJournalCodec.Encode(new string('g', 65_535), new GroupRemoved()));
        Assert.True(GroupJournalCodec.TryDecode(GroupJournalCodec.Encode(new string('g', 65_534), new GroupRemoved()), out _, out _));
    }

    private static string InWords(GroupChange change) => change switch
    {
        MetadataStored stored => JsonSerializer.Serialize(stored.Metadata),
        OffsetsCommitted committed => string.Join('\n', committed.Offsets),
        OffsetsRemoved removed => string.Join('\n', removed.Partitions),
        GroupSnapshot snapshot => JsonSerializer.Serialize(snapshot.Metadata) + string.Join('\n', snapshot.Offsets),
        _ => "",
    };
}
