namespace OrleansStream.Log.Files.Wal;

/// <summary>When written blocks are made durable.</summary>
public enum SyncMode
{
    /// <summary>Before every acknowledgement. No acknowledged record is lost by a crash or a power cut.</summary>
    Every,

    /// <summary>
    /// Every <see cref="FileLaneOptions.SyncInterval"/>, and acknowledged before. A crash of the process loses nothing; a power cut or a crash of the
    /// machine loses up to the interval's acknowledged records.
    /// </summary>
    Interval,
}
