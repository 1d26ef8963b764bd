using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>
/// The partitions that one request waits for. They open beside one another and each is tried once, however often the request names it: what a request waits
/// is the longest of them and not their sum. One caller at a time.
/// </summary>
/// <param name="door">Where they are opened.</param>
/// <param name="atMost">How long the request waits for all of them together, from now on.</param>
/// <param name="time">The clock.</param>
/// <param name="gone">Ends every wait, with an exception.</param>
internal sealed class Openings(PartitionDoor door, TimeSpan atMost, TimeProvider time, CancellationToken gone)
{
    private readonly Dictionary<PartitionId, Task<OpenedPartition>> _tried = [];
    private readonly long _started = time.GetTimestamp();

    /// <summary>Ends every wait.</summary>
    public CancellationToken Gone => gone;

    /// <summary>Tries to open the partition, unless that was done before.</summary>
    public void Begin(PartitionId partition)
    {
        if (!_tried.ContainsKey(partition))
        {
            _tried.Add(partition, door.OpenAsync(partition, atMost - time.GetElapsedTime(_started), gone).AsTask());
        }
    }

    /// <summary>The partition, or why it is not open. One that has closed since then says so itself, to those who append to it.</summary>
    public ValueTask<OpenedPartition> WaitAsync(PartitionId partition)
    {
        if (door.TryFind(partition, out var opened))
        {
            return ValueTask.FromResult(opened);
        }

        Begin(partition);
        return new ValueTask<OpenedPartition>(_tried[partition]);
    }
}
