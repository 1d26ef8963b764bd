namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>The bytes that all connections share.</summary>
internal sealed record ConnectionBudgets(IntakeBudget Intake, ResponseBudget Responses, AnswerBudget Answers);
