using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>
/// Tells how many bytes the partitions of this broker take, as one directory, and how large its volume is. No partition is opened for it. One whose bytes
/// cannot be counted now is shown with none: monitoring that misses a partition believes it gone.
/// </summary>
internal sealed class DescribeLogDirsHandler(PartitionDoor door, IClusterView cluster, GatewaySurroundings surroundings) : ApiHandler<DescribeLogDirsRequest>(ApiKey.DescribeLogDirs)
{
    protected override async ValueTask<IResponse> HandleAsync(DescribeLogDirsRequest request, RequestContext context)
    {
        var directory = new DescribeLogDirsResponse.Directory { Path = surroundings.Options.DataPath };
        (directory.TotalBytes, directory.UsableBytes) = door.Volume;
        if (request.Topics is null)
        {
            foreach (var topic in door.Catalog.Current.Topics)
            {
                await AddAsync(directory, topic, null, context);
            }
        }
        else
        {
            foreach (var asked in request.Topics)
            {
                if (door.Catalog.Current.Find(asked.Name) is { } topic)
                {
                    await AddAsync(directory, topic, asked.PartitionIndexes, context);
                }
            }
        }

        return new DescribeLogDirsResponse { Directories = [directory] };
    }

    private async ValueTask AddAsync(DescribeLogDirsResponse.Directory directory, Topic topic, List<int>? indexes, RequestContext context)
    {
        var answered = new DescribeLogDirsResponse.Topic { Name = topic.Name };
        for (var index = 0; index < topic.PartitionCount; index++)
        {
            var partition = new PartitionId(topic.Id, index);
            if (indexes?.Contains(index) != false && cluster.OwnerOf(partition) == cluster.Self)
            {
                answered.Partitions.Add(new() { Index = index, SizeBytes = await door.SizeOfAsync(partition, context.Gone) ?? 0 });
            }
        }

        if (answered.Partitions.Count > 0)
        {
            directory.Topics.Add(answered);
        }
    }
}
