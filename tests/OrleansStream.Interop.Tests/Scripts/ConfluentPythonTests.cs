using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>confluent-kafka for Python, as Debian packages it, on an old librdkafka.</summary>
public sealed class ConfluentPythonTests(BrokerUnderTest broker) : IdempotentScriptedClientTests(broker, ScriptedClient.ConfluentPython);
