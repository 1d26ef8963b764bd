using OrleansStream.Model;

namespace OrleansStream.Log.Segments;

/// <summary>Sizes and numbers of docs/formats/segment.md.</summary>
internal static class SegmentLayout
{
    public const uint Magic = 0x4753534F; // "OSSG"
    public const ushort Version = 1;

    /// <summary>The last bytes of the object: from them everything else is found.</summary>
    public const int TrailerBytes = 80;

    /// <summary>One frame in the directory of its run.</summary>
    public const int LineBytes = 40;

    /// <summary>One run in the index.</summary>
    public const int RunBytes = 48;

    /// <summary>Number and length before the content of a section.</summary>
    public const int SectionHeaderBytes = 8;

    /// <summary>Sections of the footer. Numbers are never reused; a reader passes over those that it does not know.</summary>
    public const int IndexSection = 1, ProducerSection = 2, AbortedSection = 3;

    /// <summary>The largest footer that is written or read: what a segment of the smallest runs has, with room for the other sections.</summary>
    public const int MaxFooterBytes = 16 * Limits.MiB;

    /// <summary>The largest section of producers that is written: that of some ten thousand of them. Without one the frames are read for them.</summary>
    public const int MaxProducerBytes = 2 * Limits.MiB;
}
