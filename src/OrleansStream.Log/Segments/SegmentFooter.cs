using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using RecordReader = OrleansStream.Log.Storage.RecordReader;

namespace OrleansStream.Log.Segments;

/// <summary>What stands behind the runs of a segment: its sparse index and whose it is.</summary>
internal sealed class SegmentFooter
{
    private readonly SegmentRun[] _runs;

    private SegmentFooter(SegmentRun[] runs, ProducerDelta? producers) => (_runs, Producers) = (runs, producers);

    public ReadOnlySpan<SegmentRun> Runs => _runs;

    /// <summary>What all frames of the segment say of producers; null if the footer does not tell.</summary>
    public ProducerDelta? Producers { get; }

    /// <summary>Bytes of all runs.</summary>
    public long DataBytes => _runs[^1].End;

    /// <summary>Memory that it takes.</summary>
    public int ChargedBytes => 64 + (_runs.Length * SegmentLayout.RunBytes) + (Producers?.ChargedBytes ?? 0);

    /// <param name="trailer">What stands at the end, but for the bytes of the sections.</param>
    /// <param name="runs">For the index.</param>
    /// <param name="producers">What the frames say of producers; null if that is not known, or they are no records. Left out if it is too large.</param>
    public static byte[] Write(in SegmentTrailer trailer, IReadOnlyList<SegmentRun> runs, ProducerDelta? producers)
    {
        var section = SectionOf(producers);
        var bytes = new byte[(3 * SegmentLayout.SectionHeaderBytes) + (runs.Count * SegmentLayout.RunBytes) + section.Length + SegmentLayout.TrailerBytes];
        var at = WriteSection(bytes, 0, SegmentLayout.IndexSection, runs.Count * SegmentLayout.RunBytes);
        foreach (var run in runs)
        {
            run.Write(bytes.AsSpan(at));
            at += SegmentLayout.RunBytes;
        }

        at = WriteSection(bytes, at, SegmentLayout.ProducerSection, section.Length);
        section.CopyTo(bytes.AsSpan(at));
        at = WriteSection(bytes, at + section.Length, SegmentLayout.AbortedSection, 0);
        trailer.Write(bytes.AsSpan(at), sectionBytes: at);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Hash(bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }

    /// <summary>How many bytes at the end of the object are its footer. Nothing else of the trailer is believed yet.</summary>
    /// <param name="name">For the exception.</param>
    /// <param name="objectBytes">Length of the object.</param>
    /// <param name="end">The last bytes of the object, at least a trailer's.</param>
    /// <exception cref="CorruptBlockException">This is no segment.</exception>
    public static int LengthOf(string name, long objectBytes, ReadOnlySpan<byte> end)
    {
        var trailer = end[^SegmentLayout.TrailerBytes..];
        var position = objectBytes - SegmentLayout.TrailerBytes;
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != SegmentLayout.Magic) throw new CorruptBlockException(name, position, "this is no trailer of a segment.");
        var version = BinaryPrimitives.ReadUInt16LittleEndian(trailer[4..]);
        if (version != SegmentLayout.Version) throw new CorruptBlockException(name, position, $"the segment has format version {version}; this program reads version {SegmentLayout.Version}.");

        var sections = SegmentTrailer.Read(trailer, out _).SectionBytes;
        return sections < 0 || sections > Math.Min(SegmentLayout.MaxFooterBytes, position)
            ? throw new CorruptBlockException(name, position, $"the trailer claims {sections} bytes of sections in an object of {objectBytes} bytes.")
            : sections + SegmentLayout.TrailerBytes;
    }

    /// <summary>Verifies and reads a whole footer.</summary>
    /// <exception cref="CorruptBlockException">It does not verify, or belongs to other data than the manifest says.</exception>
    public static SegmentFooter Read(string name, long objectBytes, ReadOnlySpan<byte> footer, in SegmentTrailer expected)
    {
        var position = objectBytes - footer.Length;
        var found = Crc32C.Hash(footer[..^4]);
        var trailer = SegmentTrailer.Read(footer[^SegmentLayout.TrailerBytes..], out var checksum);
        if (found != checksum) throw new CorruptBlockException(name, position, $"the footer has checksum {found:x8}, its trailer says {checksum:x8}.");

        // The manifest does not know how long data and sections are; the object does.
        var wanted = expected with { DataBytes = position, SectionBytes = footer.Length - SegmentLayout.TrailerBytes, ClusterGeneration = trailer.ClusterGeneration };
        if (trailer != wanted) throw new CorruptBlockException(name, position, $"the segment is {trailer}; the manifest names {wanted}.");
        var sections = footer[..^SegmentLayout.TrailerBytes];
        return new SegmentFooter(ReadRuns(name, sections, position, trailer), ReadProducers(name, sections, position));
    }

    /// <summary>The first run whose last offset is at or above this one; the number of runs if there is none.</summary>
    public int IndexOf(Offset offset)
    {
        int low = 0, high = _runs.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_runs[middle].LastOffset < offset) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static int WriteSection(Span<byte> bytes, int at, int section, int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes[at..], section);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(at + 4)..], length);
        return at + SegmentLayout.SectionHeaderBytes;
    }

    private static byte[] SectionOf(ProducerDelta? producers)
    {
        if (producers is null) return [];
        var output = new ArrayBufferWriter<byte>();
        producers.Write(new RecordWriter(output));
        return output.WrittenCount <= SegmentLayout.MaxProducerBytes ? output.WrittenSpan.ToArray() : [];
    }

    private static SegmentRun[] ReadRuns(string name, ReadOnlySpan<byte> sections, long position, in SegmentTrailer trailer) =>
        TryFindSection(sections, SegmentLayout.IndexSection, out var index)
            ? ReadIndex(name, index, position, trailer)
            : throw new CorruptBlockException(name, position, "the footer has no index.");

    private static ProducerDelta? ReadProducers(string name, ReadOnlySpan<byte> sections, long position)
    {
        if (!TryFindSection(sections, SegmentLayout.ProducerSection, out var section) || section.IsEmpty) return null;
        try
        {
            var reader = new RecordReader(section);
            return ProducerDelta.Read(ref reader);
        }
        catch (FormatException unreadable)
        {
            throw new CorruptBlockException(name, position, $"the footer's producers cannot be read: {unreadable.Message}");
        }
    }

    private static bool TryFindSection(ReadOnlySpan<byte> sections, int number, out ReadOnlySpan<byte> content)
    {
        content = default;
        var rest = sections;
        while (rest.Length >= SegmentLayout.SectionHeaderBytes)
        {
            var section = BinaryPrimitives.ReadInt32LittleEndian(rest);
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
            rest = rest[SegmentLayout.SectionHeaderBytes..];
            if (length < 0 || length > rest.Length) return false;
            content = rest[..length];
            if (section == number) return true;
            rest = rest[length..];
        }

        return false;
    }

    // Runs follow each other without a gap from the first byte to the footer, and their offsets rise from the segment's first to its last.
    private static SegmentRun[] ReadIndex(string name, ReadOnlySpan<byte> index, long position, in SegmentTrailer trailer)
    {
        var runs = new SegmentRun[index.Length / SegmentLayout.RunBytes];
        long at = 0;
        var offset = trailer.BaseOffset;
        for (var i = 0; i < runs.Length; i++)
        {
            var run = SegmentRun.Read(index[(i * SegmentLayout.RunBytes)..]);
            var isSound = run.Position == at && run.BaseOffset >= offset && run.LastOffset >= run.BaseOffset
                && run.Frames > 0 && run.Length > 0 && run.Length <= trailer.DataBytes - at && run.Frames <= run.Length / SegmentLayout.LineBytes;
            if (!isSound) throw new CorruptBlockException(name, position, $"entry {i} of the index does not follow the one before it: {run}.");
            runs[i] = run;
            at = run.End;
            offset = run.LastOffset + 1;
        }

        var isWhole = at == trailer.DataBytes && runs.Length > 0 && runs[0].BaseOffset == trailer.BaseOffset && runs[^1].LastOffset == trailer.LastOffset;
        return isWhole ? runs : throw new CorruptBlockException(name, position, $"the index ends at byte {at} of {trailer.DataBytes} and offset {offset}.");
    }
}
