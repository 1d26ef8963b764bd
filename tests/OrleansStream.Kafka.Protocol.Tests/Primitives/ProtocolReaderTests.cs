using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Tests.Primitives;

public class ProtocolReaderTests
{
    private delegate void Reads(ref ProtocolReader reader);

    [Theory, InlineData("00", 0u), InlineData("7f", 127u), InlineData("8001", 128u), InlineData("ffffffff0f", uint.MaxValue)]
    public void A_variable_length_number_of_up_to_32_bits_is_read(string hex, uint expected)
    {
        var reader = new ProtocolReader(Convert.FromHexString(hex));

        Assert.Equal(expected, reader.ReadUnsignedVarint());
        Assert.Equal(0, reader.Remaining);
    }

    [Theory, InlineData("ffffffff10"), InlineData("8080808080"), InlineData("ffffffffff01"), InlineData("80")]
    public void A_variable_length_number_beyond_32_bits_or_without_end_is_refused(string hex) =>
        AssertMalformed(hex, (ref reader) => reader.ReadUnsignedVarint());

    [Theory, InlineData("000361", false), InlineData("0361", true), InlineData("818002", true), InlineData("ffffffff0f", true)]
    public void A_string_with_an_impossible_length_is_refused(string hex, bool flexible) =>
        AssertMalformed(hex, (ref reader) => reader.ReadNullableString(flexible));

    [Fact]
    public void The_longest_string_is_read_and_one_byte_more_is_refused()
    {
        var longest = Compact(ProtocolLimits.MaxStringBytes);
        var reader = new ProtocolReader(longest);

        Assert.Equal(ProtocolLimits.MaxStringBytes, reader.ReadString(flexible: true).Length);
        AssertMalformed(Convert.ToHexString(Compact(ProtocolLimits.MaxStringBytes + 1)), (ref reader) => reader.ReadString(flexible: true));
    }

    // Every negative length is null to Kafka, so that it is here, too.
    [Theory, InlineData("ffff", false), InlineData("fffe", false), InlineData("00", true)]
    public void Null_is_refused_where_a_string_must_be(string hex, bool flexible)
    {
        var reader = new ProtocolReader(Convert.FromHexString(hex));

        Assert.Null(reader.ReadNullableString(flexible));
        AssertMalformed(hex, (ref reader) => reader.ReadString(flexible));
    }

    [Theory, InlineData("ffffffff"), InlineData("80000000")]
    public void A_list_of_negative_length_is_null(string hex)
    {
        var reader = new ProtocolReader(Convert.FromHexString(hex));

        Assert.Equal(-1, reader.ReadNullableCount(flexible: false, minElementBytes: 1, elementsAreObjects: true));
        AssertMalformed(hex, (ref reader) => reader.ReadCount(flexible: false, minElementBytes: 1, elementsAreObjects: true));
    }

    [Fact]
    public void Bytes_that_are_no_text_become_replacement_characters()
    {
        var reader = new ProtocolReader(Convert.FromHexString("0461c362"));

        Assert.Equal("a\uFFFDb", reader.ReadString(flexible: true));
    }

    [Fact]
    public void A_buffer_is_a_slice_of_the_frame()
    {
        var frame = Convert.FromHexString("00000002abcd");
        var reader = new ProtocolReader(frame);

        var bytes = reader.ReadBytes(flexible: false);

        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment));
        Assert.Same(frame, segment.Array);
        Assert.Equal((4, 2), (segment.Offset, segment.Count));
    }

    [Theory, InlineData(3, true), InlineData(4, false)]
    public void A_count_is_believed_only_if_the_frame_can_hold_it(int count, bool isRead)
    {
        var frame = new byte[4 + 12];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame, count);

        if (isRead)
        {
            var reader = new ProtocolReader(frame);
            Assert.Equal(count, reader.ReadCount(flexible: false, minElementBytes: 4, elementsAreObjects: true));
        }
        else
        {
            AssertMalformed(Convert.ToHexString(frame), (ref reader) => reader.ReadCount(flexible: false, minElementBytes: 4, elementsAreObjects: true));
        }
    }

    [Fact]
    public void All_lists_together_hold_no_more_objects_than_the_limit()
    {
        var frame = new byte[ProtocolLimits.MaxElementsPerFrame + 16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame, ProtocolLimits.MaxElementsPerFrame);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), 1);

        var reader = new ProtocolReader(frame);
        Assert.Equal(ProtocolLimits.MaxElementsPerFrame, reader.ReadCount(false, 1, elementsAreObjects: true));

        AssertMalformed(Convert.ToHexString(frame), (ref reader) =>
        {
            reader.ReadCount(false, 1, elementsAreObjects: true);
            reader.ReadCount(false, 1, elementsAreObjects: true);
        });
    }

    [Theory, InlineData("02"), InlineData("ffffffff0f")]
    public void A_tagged_section_that_claims_more_fields_than_fit_is_refused(string hex) =>
        AssertMalformed(hex + "0000", (ref reader) => reader.ReadTagCount());

    [Theory, InlineData("0002ff"), InlineData("00ffffffff0f")]
    public void A_tagged_field_that_is_longer_than_the_frame_is_refused(string hex) =>
        AssertMalformed(hex, (ref reader) => reader.BeginTag(out _));

    [Fact]
    public void Unknown_tagged_fields_are_passed_over()
    {
        var reader = new ProtocolReader(Convert.FromHexString("02" + "0501ff" + "8001020000" + "2a"));

        reader.SkipTags();

        Assert.Equal(42, reader.ReadInt8());
    }

    private static byte[] Compact(int length)
    {
        using var writer = new ProtocolWriter();
        writer.WriteUnsignedVarint((uint)length + 1);
        return [.. writer.ToArray(), .. Enumerable.Repeat((byte)'a', length)];
    }

    private static void AssertMalformed(string hex, Reads reads) => Assert.Throws<MalformedFrameException>(() =>
    {
        var reader = new ProtocolReader(Convert.FromHexString(hex));
        reads(ref reader);
    });
}
