namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Which listener a connection came in on: answers name the addresses that brokers advertise for it.</summary>
internal sealed record ListenerFeature(string Name);
