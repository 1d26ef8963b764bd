namespace OrleansStream.Testing.Fuzzing;

/// <summary>Damages bytes in the ways that find faults in decoders: flipped bits, extreme lengths of either byte order, cut, doubled and mixed parts.</summary>
public sealed class Mutator(Random random, IReadOnlyList<byte[]> corpus)
{
    private static readonly byte[][] Extremes =
    [
        [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFE], [0, 0x0F, 0xFF, 0xFF],
        [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x80, 0x80, 0x80, 0x80, 0x10], [0x7F, 0xFF], [0xFF], [0],
        [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x80], [0xFF, 0xFF, 0x0F, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ];

    /// <summary>Damaged bytes made from some of the corpus. Those up to <paramref name="keep"/> bytes stay, so that the decoder behind it is reached.</summary>
    public byte[] Next(byte[] seed, int keep)
    {
        var frame = seed;
        for (var rounds = 1 + random.Next(4); rounds > 0; rounds--) frame = Damage(frame, Math.Min(keep, frame.Length));
        return frame;
    }

    private byte[] Damage(byte[] frame, int keep)
    {
        var at = keep + random.Next(frame.Length - keep + 1);
        var length = random.Next(frame.Length - at + 1);
        switch (random.Next(7))
        {
            case 0:
                return frame[..at];
            case 1 when at < frame.Length:
                frame = [.. frame];
                frame[at] ^= (byte)(1 << random.Next(8));
                return frame;
            case 2 when at < frame.Length:
                frame = [.. frame];
                frame[at] = (byte)random.Next(256);
                return frame;
            case 3:
                var extreme = Extremes[random.Next(Extremes.Length)];
                return [.. frame[..at], .. extreme, .. frame[Math.Min(frame.Length, at + extreme.Length)..]];
            case 4:
                return [.. frame[..at], .. frame[(at + length)..]];
            case 5:
                return [.. frame[..(at + length)], .. frame[at..]];
            default:
                var other = corpus[random.Next(corpus.Count)];
                return [.. frame[..at], .. other[random.Next(other.Length + 1)..]];
        }
    }
}
