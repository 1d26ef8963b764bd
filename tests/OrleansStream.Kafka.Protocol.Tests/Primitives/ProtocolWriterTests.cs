using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Tests.Primitives;

public class ProtocolWriterTests
{
    [Fact]
    public void Numbers_are_written_with_their_highest_byte_first()
    {
        using var writer = new ProtocolWriter();
        writer.WriteBoolean(true);
        writer.WriteInt8(-2);
        writer.WriteInt16(0x0102);
        writer.WriteUInt16(0xFFFE);
        writer.WriteInt32(0x01020304);
        writer.WriteUInt32(0xFFFFFFFE);
        writer.WriteInt64(0x0102030405060708);
        writer.WriteFloat64(1.0);
        writer.WriteUuid(Guid.Parse("00010203-0405-0607-0809-0a0b0c0d0e0f"));

        Assert.Equal("01fe0102fffe01020304fffffffe01020304050607083ff0000000000000000102030405060708090a0b0c0d0e0f", Hex(writer));
    }

    [Theory]
    [InlineData(null, false, "ffff"), InlineData(null, true, "00"), InlineData("", false, "0000"), InlineData("", true, "01"), InlineData("€", false, "0003e282ac"), InlineData("€", true, "04e282ac")]
    public void A_string_has_its_length_in_bytes_in_front(string? text, bool flexible, string expected)
    {
        using var writer = new ProtocolWriter();
        writer.WriteNullableString(text, flexible);

        Assert.Equal(expected, Hex(writer));
    }

    [Fact]
    public void A_string_beyond_the_limit_is_an_error_of_the_caller()
    {
        using var writer = new ProtocolWriter();
        writer.WriteString(new('a', ProtocolLimits.MaxStringBytes), flexible: true);

        Assert.Throws<ArgumentException>(() => writer.WriteString(new('a', ProtocolLimits.MaxStringBytes + 1), flexible: true));
    }

    // The size of a tagged field has one byte up to 127 and two above: both sides of the step.
    [Theory, InlineData(0), InlineData(127), InlineData(128), InlineData(20_000)]
    public void A_tagged_field_has_its_size_in_front(int size)
    {
        using var writer = new ProtocolWriter();
        var content = Enumerable.Range(0, size).Select(i => (byte)i).ToArray();
        var start = writer.BeginTag(7);
        foreach (var value in content) writer.WriteInt8((sbyte)value);
        writer.EndTag(start);

        var reader = new ProtocolReader(writer.ToArray());
        Assert.Equal(7, reader.BeginTag(out var end));
        Assert.Equal(size, end - reader.Position);
        Assert.Equal(content, writer.ToArray()[reader.Position..end]);
        Assert.Equal(writer.Length, end);
    }

    [Fact]
    public void Record_payloads_stay_outside_the_buffer_and_in_their_place()
    {
        var first = new MemoryRecords(new byte[] { 1, 2 });
        var second = new MemoryRecords(new byte[] { 3 });
        using var writer = new ProtocolWriter();
        writer.WriteInt8(9);
        writer.WriteRecords(first, flexible: true);
        writer.WriteRecords(second, flexible: true);
        writer.WriteNullableRecords(null, flexible: true);

        Assert.Equal([2, 2, 1, 1, 1], writer.Pieces.Select(piece => piece.Length));
        Assert.Equal([null, first, null, second, null], writer.Pieces.Select(piece => piece.Records));
        Assert.Equal(7, writer.Length);
        Assert.Equal("09030102" + "0203" + "00", Hex(writer));
    }

    [Fact]
    public void Payloads_without_bytes_make_no_piece()
    {
        using var writer = new ProtocolWriter();
        writer.WriteRecords(new MemoryRecords(default), flexible: false);

        Assert.Null(Assert.Single(writer.Pieces).Records);
        Assert.Equal("00000000", Hex(writer));
    }

    [Fact]
    public void A_writer_that_is_reset_begins_anew()
    {
        using var writer = new ProtocolWriter();
        writer.WriteRecords(new MemoryRecords(new byte[5000]), flexible: false);
        writer.WriteBytes(new byte[100_000], flexible: false);
        writer.Reset();
        writer.WriteInt8(1);

        Assert.Equal("01", Hex(writer));
        Assert.Single(writer.Pieces);
    }

    private static string Hex(ProtocolWriter writer) => Convert.ToHexStringLower(writer.ToArray());
}
