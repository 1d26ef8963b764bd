using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>
/// Tells how many bytes the partitions of this broker take, as one directory. A partition is opened to know its size; one that does not open in time is
/// left out, since no size is better than a wrong one.
/// </summary>
internal sealed class DescribeLogDirsHandler(PartitionDoor door, IClusterView cluster, GatewaySurroundings surroundings) : ApiHandler<DescribeLogDirsRequest>(ApiKey.DescribeLogDirs)
{
    protected override async ValueTask<IResponse> HandleAsync(DescribeLogDirsRequest request, RequestContext context)
    {
        var directory = new DescribeLogDirsResponse.Directory { Path = surroundings.Options.DataPath };
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
        var opening = new List<(int Index, Task<OpenedPartition> Opening)>();
        for (var index = 0; index < topic.PartitionCount; index++)
        {
            var partition = new PartitionId(topic.Id, index);
            if (indexes?.Contains(index) != false && cluster.OwnerOf(partition) == cluster.Self)
            {
                opening.Add((index, door.OpenAsync(partition, Limits.GrainCall, context.Gone).AsTask()));
            }
        }

        var answered = new DescribeLogDirsResponse.Topic { Name = topic.Name };
        foreach (var (index, task) in opening)
        {
            if ((await task).Handle is { } handle)
            {
                answered.Partitions.Add(new() { Index = index, SizeBytes = handle.SizeBytes });
            }
        }

        if (answered.Partitions.Count > 0)
        {
            directory.Topics.Add(answered);
        }
    }
}
