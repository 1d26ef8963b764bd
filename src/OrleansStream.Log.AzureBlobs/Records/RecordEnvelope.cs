using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Records;

/// <summary>The envelope of a small record that is changed by compare-and-set; docs/formats/blob-container.md has the table.</summary>
/// <param name="kind">What it holds.</param>
/// <param name="generation">The cluster's. A record of another one is refused, in either direction (rule M5); null to read whichever it is.</param>
/// <param name="maxBytes">Of record and envelope.</param>
internal sealed class RecordEnvelope(RecordKind kind, int? generation, int maxBytes = RecordEnvelope.UsualMaxBytes)
{
    private const uint Magic = 0x5242534F; // "OSBR"
    private const ushort Version = 1;
    private const int HeaderBytes = 40;
    private const int GenerationPosition = 8;
    private const int LengthPosition = 12;
    private const int NoncePosition = 16;
    private const int ChecksumPosition = 32;

    /// <summary>Of record and envelope. A manifest of 50,000 extents fits.</summary>
    public const int UsualMaxBytes = 4 * 1024 * 1024;

    /// <summary>Of record and envelope: a larger one is neither written nor read.</summary>
    public int MaxBytes => maxBytes;

    /// <summary>Puts a record into its envelope.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="nonce">Tells this write from any other.</param>
    /// <param name="record">Writes the record.</param>
    /// <exception cref="LogException">The record is too large.</exception>
    public byte[] Close(string name, Guid nonce, Action<IBufferWriter<byte>> record)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.GetSpan(HeaderBytes)[..HeaderBytes].Clear();
        output.Advance(HeaderBytes);
        record(output);
        if (output.WrittenCount > maxBytes) throw new LogException($"'{name}' would have {output.WrittenCount} bytes; at most {maxBytes} are written.");

        var bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(GenerationPosition), generation ?? throw new InvalidOperationException("A record is written in a generation."));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(LengthPosition), bytes.Length - HeaderBytes);
        nonce.TryWriteBytes(bytes.AsSpan(NoncePosition), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumPosition), ChecksumOf(bytes));
        return bytes;
    }

    /// <summary>Verifies the envelope; the record is what the span holds.</summary>
    /// <exception cref="CorruptBlockException">The bytes are not as they were written.</exception>
    /// <exception cref="LogException">A newer version wrote it, or the cluster's generation is another one.</exception>
    public ReadOnlySpan<byte> Open(string name, byte[] bytes, out Guid nonce)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) throw new CorruptBlockException(name, 0, "this is no record.");

        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4));
        if (version != Version) throw new LogException($"'{name}' has record version {version}; this broker reads version {Version}.");
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(LengthPosition));
        if (length != bytes.Length - HeaderBytes) throw new CorruptBlockException(name, LengthPosition, $"the record claims {length} bytes, {bytes.Length - HeaderBytes} follow.");
        var written = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(ChecksumPosition));
        var found = ChecksumOf(bytes);
        if (found != written) throw new CorruptBlockException(name, 0, $"checksum {found:x8}, the record says {written:x8}.");
        var foundKind = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(6));
        if (foundKind != (ushort)kind) throw new CorruptBlockException(name, 6, $"it holds kind {foundKind}, expected {(ushort)kind}.");

        ThrowIfOtherGeneration(name, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(GenerationPosition)));
        nonce = new Guid(bytes.AsSpan(NoncePosition, 16), bigEndian: true);
        return bytes.AsSpan(HeaderBytes);
    }

    // A lower one was turned back with its storage; behind a higher one this broker has missed that.
    private void ThrowIfOtherGeneration(string name, int found)
    {
        if (generation is null || found == generation) return;
        throw new LogException(found < generation
            ? $"'{name}' is of cluster generation {found}; the cluster is in {generation}: its storage was turned back, and what it held since is missing here."
            : $"'{name}' is of cluster generation {found}; this broker is still in {generation}: it must be started again.");
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> bytes) => Crc32C.Append(Crc32C.Hash(bytes[..ChecksumPosition]), bytes[(ChecksumPosition + 4)..]);
}
