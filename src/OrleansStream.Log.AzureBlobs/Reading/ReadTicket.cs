namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>One request's place among those of its kind. What stands in it is <see cref="ReadPermits"/>' alone to change.</summary>
/// <param name="priority">Who waits for it.</param>
/// <param name="bytes">Memory that it takes.</param>
internal sealed class ReadTicket(ReadPriority priority, int bytes)
{
    /// <summary>May rise until its turn has come.</summary>
    public ReadPriority Priority { get; internal set; } = priority;

    public int Bytes { get; } = bytes;

    /// <summary>Whether its turn has come: it counts among those of its kind until it leaves.</summary>
    internal bool IsUnderWay { get; set; }

    /// <summary>Set once it stands in line.</summary>
    internal TaskCompletionSource? Turn { get; set; }
}
