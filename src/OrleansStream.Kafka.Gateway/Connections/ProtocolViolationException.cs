namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>What came in is no request that can be answered. The connection is closed without an answer, as Kafka does; other connections do not notice.</summary>
internal sealed class ProtocolViolationException(string message, Exception? inner = null) : Exception(message, inner);
