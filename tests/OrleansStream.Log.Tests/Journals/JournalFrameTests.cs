using OrleansStream.Log.Journals;

namespace OrleansStream.Log.Tests.Journals;

public sealed class JournalFrameTests
{
    [Fact]
    public void The_bytes_are_those_of_the_format_page()
    {
        var frame = Write([[1, 2, 3], [], [4]]);

        Assert.Equal("0100000003000000" + "03000000010203" + "00000000" + "0100000004", Convert.ToHexString(frame));
    }

    [Fact]
    public void What_was_written_is_read()
    {
        byte[][] changes = [[1, 2, 3], [], new byte[1000]];
        var read = Read(Write(changes), offsets: 3);

        Assert.Equal(changes, read);
    }

    // Garbage is refused, whatever it says; no length decides how far is read or what is allocated.
    [Fact]
    public void Every_cut_and_every_wrong_count_or_length_is_refused()
    {
        var frame = Write([[1, 2, 3], [4, 5]]);
        for (var length = 0; length < frame.Length; length++) Assert.Throws<LogException>(() => Read(frame[..length], offsets: 2));
        Assert.Throws<LogException>(() => Read([.. frame, 0], offsets: 2));
        Assert.Throws<LogException>(() => Read(frame, offsets: 1));
        foreach (var (position, value) in new[] { (0, 2), (4, 3), (8, 4), (11, 0x80), (11, 0x7F) })
        {
            var damaged = frame.ToArray();
            damaged[position] = (byte)value;
            Assert.Throws<LogException>(() => Read(damaged, offsets: 2));
        }
    }

    private static byte[] Write(byte[][] changes)
    {
        ReadOnlyMemory<byte>[] memories = [.. changes.Select(change => (ReadOnlyMemory<byte>)change)];
        var frame = new byte[JournalFrame.LengthOf(memories)];
        JournalFrame.Write(memories, frame);
        return frame;
    }

    private static List<byte[]> Read(byte[] frame, int offsets)
    {
        var changes = new List<byte[]>();
        var reader = new JournalFrameReader(frame, offsets);
        while (reader.TryRead(out var change)) changes.Add(change.ToArray());
        return changes;
    }
}
