using Confluent.Kafka;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>Reads every partition from 0 on, by hand: nothing but the log tells it where it is.</summary>
internal sealed class RecordedReader(RunContext run, string name) : RecordedConsumer(run, name)
{
    protected override IConsumer<Ignore, string> Open(ConsumerConfig config)
    {
        (config.GroupId, config.AutoOffsetReset) = (Name, AutoOffsetReset.Error);
        Run.History.Readers[Name] = true;
        var consumer = Quiet(config).Build();
        for (var partition = 0; partition < Run.Partitions; partition++) Begin(partition, group: null);
        consumer.Assign(Readings.Keys.Select(partition => new TopicPartitionOffset(Run.Topic, partition, 0)));
        return consumer;
    }
}
