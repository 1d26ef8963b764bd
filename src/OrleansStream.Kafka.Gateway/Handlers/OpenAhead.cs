using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>
/// Begins to open all partitions of a request, so that they open beside one another while each is waited for in its turn: after a restart a request for a
/// thousand partitions would else wait for a thousand openings, one by one.
/// </summary>
internal static class OpenAhead
{
    public static void Begin(PartitionDoor door, IEnumerable<(string Topic, int Index)> partitions, CancellationToken gone)
    {
        // A client may repeat a name as often as its request has room: each waits, and has a timer, once.
        var begun = new HashSet<PartitionId>();
        foreach (var (topic, index) in partitions)
        {
            if (TopicPartitions.Resolve(door.Catalog, topic, index, out var partition) == ErrorCode.None && !door.TryFind(partition, out _) && begun.Add(partition))
            {
                Begin(door.OpenAsync(partition, Limits.GrainCall, gone));
            }
        }
    }

    /// <summary>Lets an opening run that is waited for later: its failure is told then.</summary>
    public static void Begin(ValueTask<OpenedPartition> opening)
    {
        if (opening.IsCompletedSuccessfully)
        {
            _ = opening.Result;
            return;
        }

        _ = IgnoreAsync(opening);
    }

    private static async Task IgnoreAsync(ValueTask<OpenedPartition> opening)
    {
        try
        {
            await opening;
        }
        catch (OperationCanceledException)
        {
            // Whoever waits for it in its turn sees the same.
        }
    }
}
