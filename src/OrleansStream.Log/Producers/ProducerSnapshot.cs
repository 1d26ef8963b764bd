using System.Buffers.Binary;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Producers;

/// <summary>The bytes of a snapshot or delta of producers, little endian: docs/formats/producer-snapshot.md. Opening checks everything, so that reading cannot fail half way.</summary>
internal ref struct ProducerSnapshot
{
    public const uint Magic = 0x5350534F; // "OSPS"
    public const ushort Version = 1;
    public const int HeaderBytes = 32;
    public const int ProducerBytes = 24;
    public const int BatchBytes = 24;
    public const int TrailerBytes = sizeof(uint);

    private ReadOnlySpan<byte> _rest;
    private int _batchesLeft;

    /// <summary>What lies below is not in here.</summary>
    public Offset From { get; private init; }

    /// <summary>Up to here, exclusive, batches are taken into account.</summary>
    public Offset End { get; private init; }

    /// <summary>Writes <paramref name="count"/> producers, from <paramref name="first"/> to the newer ones.</summary>
    public static byte[] Encode(Offset from, Offset end, ProducerState? first, int count)
    {
        var batches = 0;
        for (var state = first; state is not null; state = state.Newer) batches += state.BatchCount;

        var encoded = new byte[HeaderBytes + (count * ProducerBytes) + (batches * BatchBytes) + TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(encoded, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(encoded.AsSpan(4), Version);
        BinaryPrimitives.WriteInt64LittleEndian(encoded.AsSpan(8), from.Value);
        BinaryPrimitives.WriteInt64LittleEndian(encoded.AsSpan(16), end.Value);
        BinaryPrimitives.WriteInt32LittleEndian(encoded.AsSpan(24), count);

        var rest = encoded.AsSpan(HeaderBytes);
        for (var state = first; state is not null; state = state.Newer) rest = WriteProducer(rest, state);
        BinaryPrimitives.WriteUInt32LittleEndian(rest, Crc32C.Hash(encoded.AsSpan(0, encoded.Length - TrailerBytes)));
        return encoded;
    }

    /// <summary>Whether bytes begin as those of a snapshot or delta; others are a journal's state.</summary>
    public static bool IsOne(ReadOnlySpan<byte> start) => start.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(start) == Magic;

    /// <summary>Opens what <see cref="Encode"/> wrote; false with the fault if a byte of it is not as it was.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> encoded, out ProducerSnapshot snapshot, out string? fault)
    {
        snapshot = default;
        fault = HeaderFault(encoded);
        if (fault is not null) return false;

        snapshot = new ProducerSnapshot
        {
            From = new Offset(BinaryPrimitives.ReadInt64LittleEndian(encoded[8..])),
            End = new Offset(BinaryPrimitives.ReadInt64LittleEndian(encoded[16..])),
            _rest = encoded[HeaderBytes..^TrailerBytes],
        };
        fault = ContentFault(snapshot, BinaryPrimitives.ReadInt32LittleEndian(encoded[24..]));
        return fault is null;
    }

    /// <summary>Goes to the next producer. Its batches must have been read.</summary>
    public bool TryReadProducer(out (long Id, short Epoch, long LastAppendMs) producer)
    {
        producer = default;
        if (_batchesLeft != 0 || _rest.Length < ProducerBytes) return false;

        producer = (BinaryPrimitives.ReadInt64LittleEndian(_rest), BinaryPrimitives.ReadInt16LittleEndian(_rest[16..]), BinaryPrimitives.ReadInt64LittleEndian(_rest[8..]));
        _batchesLeft = _rest[18];
        _rest = _rest[ProducerBytes..];
        return true;
    }

    /// <summary>Reads the next batch of the producer.</summary>
    public bool TryReadBatch(out AppendedBatch batch)
    {
        batch = default;
        if (_batchesLeft == 0 || _rest.Length < BatchBytes) return false;

        batch = new AppendedBatch(
            BinaryPrimitives.ReadInt64LittleEndian(_rest),
            BinaryPrimitives.ReadInt32LittleEndian(_rest[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(_rest[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(_rest[8..]));
        _rest = _rest[BatchBytes..];
        _batchesLeft--;
        return true;
    }

    private static Span<byte> WriteProducer(Span<byte> target, ProducerState state)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, state.Id);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], state.LastAppendMs);
        BinaryPrimitives.WriteInt16LittleEndian(target[16..], state.Epoch);
        target[18] = (byte)state.BatchCount;
        target = target[ProducerBytes..];
        foreach (ref readonly var batch in state.Batches)
        {
            BinaryPrimitives.WriteInt64LittleEndian(target, batch.BaseOffset);
            BinaryPrimitives.WriteInt64LittleEndian(target[8..], batch.Timestamp);
            BinaryPrimitives.WriteInt32LittleEndian(target[16..], batch.BaseSequence);
            BinaryPrimitives.WriteInt32LittleEndian(target[20..], batch.LastDelta);
            target = target[BatchBytes..];
        }

        return target;
    }

    private static string? HeaderFault(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length < HeaderBytes + TrailerBytes) return $"A producer snapshot has at least {HeaderBytes + TrailerBytes} bytes; there are {encoded.Length}.";

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(encoded);
        if (magic != Magic) return $"A producer snapshot begins with {Magic:x8}; these bytes begin with {magic:x8}.";

        var (found, expected) = (BinaryPrimitives.ReadUInt32LittleEndian(encoded[^TrailerBytes..]), Crc32C.Hash(encoded[..^TrailerBytes]));
        if (found != expected) return $"The checksum of the producer snapshot is {expected:x8}; its last bytes say {found:x8}.";

        var version = BinaryPrimitives.ReadUInt16LittleEndian(encoded[4..]);
        return version == Version ? null : $"The producer snapshot has version {version}; this broker reads version {Version}.";
    }

    // The copy is walked to its end; the caller's snapshot stands where it was.
    private static string? ContentFault(ProducerSnapshot snapshot, int count)
    {
        if (snapshot.From < Offset.Zero || snapshot.End < Offset.Zero) return $"The producer snapshot is of offsets {snapshot.From} to {snapshot.End}.";
        var read = 0;
        while (snapshot.TryReadProducer(out var producer))
        {
            if (snapshot._batchesLeft is < 1 or > ProducerState.WindowBatches) return $"Producer {producer.Id} has {snapshot._batchesLeft} batches in the snapshot.";
            for (var before = -1L; snapshot.TryReadBatch(out var batch); before = batch.LastOffset)
            {
                if (batch.BaseOffset <= before || batch.LastDelta < 0 || batch.LastOffset < batch.BaseOffset || batch.LastOffset >= snapshot.End.Value)
                    return $"Producer {producer.Id} has a batch at offset {batch.BaseOffset} with {batch.LastDelta} more records in the snapshot, which ends at {snapshot.End}.";
            }

            read++;
        }

        return read == count && snapshot._rest.IsEmpty && count <= ProducerOptions.MaxPerPartitionLimit
            ? null
            : $"The producer snapshot says that it has {count} producers; {read} were found, and {snapshot._rest.Length} bytes are left.";
    }
}
