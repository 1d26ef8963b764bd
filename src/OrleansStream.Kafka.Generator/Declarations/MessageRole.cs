namespace OrleansStream.Kafka.Generator.Declarations;

internal enum MessageRole
{
    Request,
    Response,
    EmbeddedData,
}
