using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Journals;

/// <summary>The object that a journal's snapshot stands in, little endian: docs/formats/journal-frame.md.</summary>
internal static class JournalSnapshot
{
    public const uint Magic = 0x534A534F; // "OSJS"
    public const ushort Version = 1;
    public const int HeaderBytes = 32;

    /// <summary>The largest state that is written or read.</summary>
    public const int MaxContentBytes = 256 * Limits.MiB;

    private const int ReadStepBytes = Limits.MiB;

    /// <summary>A name that was never used, beside the partition's segments; the sweep may judge it by the epoch in it (rule D4).</summary>
    public static string NewName(PartitionId partition, Offset coversTo, LeaderEpoch epoch, Guid unique)
    {
        var hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(partition.ToString())) >> 52;
        return string.Create(CultureInfo.InvariantCulture, $"p/{hash:x3}/{partition.Topic}/{partition.Index}/{coversTo.Value:x16}-{epoch}-{unique:N}.snapshot");
    }

    public static async ValueTask<bool> TryWriteAsync(IObjectStore objects, string name, ReadOnlySequence<byte> content, Offset coversTo, CancellationToken cancellationToken)
    {
        if (content.Length > MaxContentBytes) throw new LogException($"The snapshot '{name}' has {content.Length} bytes; at most {MaxContentBytes} are written.");
        var header = new byte[HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), Version);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), coversTo.Value);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), CrcOf(content));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), Crc32C.Hash(header.AsSpan(0, 28)));
        return await objects.TryCreateAsync(name, Piece.Join(header, content), cancellationToken);
    }

    /// <summary>Reads the content.</summary>
    /// <exception cref="LogException">There is no such object, or its bytes are not as they were written.</exception>
    public static async ValueTask<byte[]> ReadAsync(IObjectStore objects, string name, Offset coversTo, CancellationToken cancellationToken)
    {
        var length = await objects.LengthAsync(name, cancellationToken);
        if (length is < HeaderBytes or > HeaderBytes + (long)MaxContentBytes)
            throw new LogException(length < 0 ? $"The snapshot '{name}' is missing." : $"The snapshot '{name}' has {length} bytes; {HeaderBytes} to {HeaderBytes + MaxContentBytes} are possible.");

        var header = new byte[HeaderBytes];
        await ReadExactlyAsync(objects, name, 0, header, cancellationToken);
        var crc = Check(name, header, length, coversTo);
        var content = new byte[length - HeaderBytes];
        for (var at = 0; at < content.Length; at += ReadStepBytes)
            await ReadExactlyAsync(objects, name, HeaderBytes + at, content.AsMemory(at, Math.Min(ReadStepBytes, content.Length - at)), cancellationToken);
        return Crc32C.Hash(content) == crc ? content : throw new CorruptBlockException(name, HeaderBytes, $"the content's checksum is not {crc:x8}, as its header says.");
    }

    private static uint Check(string name, ReadOnlySpan<byte> header, long length, Offset coversTo)
    {
        if (Crc32C.Hash(header[..28]) != BinaryPrimitives.ReadUInt32LittleEndian(header[28..]) || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic)
            throw new CorruptBlockException(name, 0, "this is no header of a journal snapshot.");
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (version != Version) throw new LogException($"The snapshot '{name}' has version {version}; this broker reads version {Version}.");
        if (BinaryPrimitives.ReadInt64LittleEndian(header[8..]) != coversTo.Value || BinaryPrimitives.ReadInt64LittleEndian(header[16..]) != length - HeaderBytes)
            throw new CorruptBlockException(name, 0, $"it is not the snapshot up to offset {coversTo} with {length - HeaderBytes} bytes that the manifest names.");
        return BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
    }

    private static async ValueTask ReadExactlyAsync(IObjectStore objects, string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await objects.ReadAsync(name, position, destination, cancellationToken);
        if (read != destination.Length) throw new CorruptBlockException(name, position, $"{destination.Length} bytes were expected, {read} are there.");
    }

    private static uint CrcOf(ReadOnlySequence<byte> content)
    {
        var crc = 0u;
        foreach (var piece in content) crc = Crc32C.Append(crc, piece.Span);
        return crc;
    }

    /// <summary>Puts the header before the content without a copy.</summary>
    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        private Piece(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public static ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> header, ReadOnlySequence<byte> content)
        {
            var first = new Piece(header, 0);
            var last = first;
            foreach (var memory in content)
            {
                var next = new Piece(memory, last.RunningIndex + last.Memory.Length);
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
