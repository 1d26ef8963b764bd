using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>kafkajs.</summary>
public sealed class KafkaJsTests(BrokerUnderTest broker) : IdempotentScriptedClientTests(broker, ScriptedClient.KafkaJs);
