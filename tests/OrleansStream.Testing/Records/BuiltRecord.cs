namespace OrleansStream.Testing.Records;

/// <summary>One record that <see cref="BatchBuilder"/> was told to write.</summary>
internal sealed record BuiltRecord(byte[]? Key, byte[]? Value, long Timestamp, (byte[] Key, byte[]? Value)[] Headers);
