namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>What was found at one attribute: the message, if it keeps the rules, and what is wrong with it otherwise.</summary>
internal sealed record Declaration(MessageModel? Message, EquatableArray<DiagnosticModel> Faults);
