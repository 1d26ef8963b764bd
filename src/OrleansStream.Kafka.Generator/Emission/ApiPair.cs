using OrleansStream.Kafka.Generator.Declarations;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>A request with its response.</summary>
internal sealed record ApiPair(MessageModel Request, MessageModel Response);
