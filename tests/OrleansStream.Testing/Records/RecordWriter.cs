namespace OrleansStream.Testing.Records;

/// <summary>Writes records, with varints written on its own: a fault in the broker's decoder must not hide behind the same fault here.</summary>
internal sealed class RecordWriter
{
    private readonly MemoryStream _all = new();

    public void Write(BuiltRecord record, long timestampDelta, int offsetDelta)
    {
        using var body = new MemoryStream();
        body.WriteByte(0);
        WriteVarint(body, timestampDelta);
        WriteVarint(body, offsetDelta);
        WriteBytes(body, record.Key);
        WriteBytes(body, record.Value);
        WriteVarint(body, record.Headers.Length);
        foreach (var (key, value) in record.Headers)
        {
            WriteBytes(body, key);
            WriteBytes(body, value);
        }

        WriteVarint(_all, body.Length);
        body.WriteTo(_all);
    }

    public byte[] ToArray() => _all.ToArray();

    private static void WriteBytes(MemoryStream target, byte[]? bytes)
    {
        WriteVarint(target, bytes?.Length ?? -1);
        target.Write(bytes ?? []);
    }

    private static void WriteVarint(MemoryStream target, long value)
    {
        var zigzag = (ulong)((value << 1) ^ (value >> 63));
        for (; zigzag > 0x7F; zigzag >>= 7) target.WriteByte((byte)(0x80 | (zigzag & 0x7F)));
        target.WriteByte((byte)zigzag);
    }
}
