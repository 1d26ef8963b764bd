using System.Buffers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Records;

public sealed class RecordEnvelopeTests
{
    private static readonly Guid Nonce = new("00010203-0405-0607-0809-0a0b0c0d0e0f");

    private readonly RecordEnvelope _envelope = new(RecordKind.Session, generation: 3);

    [Fact]
    public void The_bytes_are_those_of_the_page()
    {
        var bytes = _envelope.Close("s/x", Nonce, output => output.Write("record"u8));

        var expected = Convert.FromHexString("4F534252" + "0100" + "0200" + "03000000" + "06000000" + "000102030405060708090A0B0C0D0E0F" + "00000000" + "00000000" + "7265636F7264");
        BitConverter.TryWriteBytes(expected.AsSpan(32), Crc32C.Append(Crc32C.Hash(expected.AsSpan(0, 32)), expected.AsSpan(36)));
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(bytes));
        Assert.Equal("record"u8, _envelope.Open("s/x", bytes, out var nonce));
        Assert.Equal(Nonce, nonce);
    }

    // Each message tells what to do; damage and a newer version ask for different things.
    [Theory]
    [InlineData("short", "'s/x', byte 0: this is no record.")]
    [InlineData("magic", "'s/x', byte 0: this is no record.")]
    [InlineData("version", "'s/x' has record version 2; this broker reads version 1.")]
    [InlineData("cut", "'s/x', byte 12: the record claims 6 bytes, 5 follow.")]
    [InlineData("kind", "'s/x', byte 6: it holds kind 1, expected 2.")]
    public void What_is_not_as_it_was_written_is_named(string fault, string message)
    {
        var bytes = new RecordEnvelope(fault == "kind" ? RecordKind.Manifest : RecordKind.Session, generation: 3).Close("s/x", Nonce, output => output.Write("record"u8));
        if (fault == "short") bytes = bytes[..39];
        if (fault == "magic") bytes[0]++;
        if (fault == "version") bytes[4]++;
        if (fault == "cut") bytes = bytes[..^1];

        var refused = Assert.ThrowsAny<LogException>(() => _envelope.Open("s/x", bytes, out _).Length);

        Assert.Equal(message, refused.Message);
        Assert.Equal(fault != "version", refused is CorruptBlockException);
    }

    [Fact]
    public void The_largest_record_is_written_and_a_larger_one_refused()
    {
        const int Most = RecordEnvelope.UsualMaxBytes - 40;

        Assert.Equal(RecordEnvelope.UsualMaxBytes, _envelope.Close("s/x", Nonce, output => output.Write(new byte[Most])).Length);
        Assert.Throws<LogException>(() => _envelope.Close("s/x", Nonce, output => output.Write(new byte[Most + 1])));
    }
}
