using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>kafka-python, as Debian packages it. It has no idempotent producer.</summary>
public sealed class KafkaPythonTests(BrokerUnderTest broker) : ScriptedClientTests(broker, ScriptedClient.KafkaPython);
