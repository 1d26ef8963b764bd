using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>@platformatic/kafka.</summary>
public sealed class PlatformaticTests(BrokerUnderTest broker) : IdempotentScriptedClientTests(broker, ScriptedClient.Platformatic);
