namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>A record as a script read it.</summary>
public sealed record SeenRecord(string Key, string Value, string? Header, int Partition, long Offset);
