namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Names that belong to Kafka's own state. Our state is in hidden topics; these names are kept from producers all the same, as tools expect.</summary>
internal static class InternalTopics
{
    /// <summary>The client id that Kafka lets write to them.</summary>
    public const string AdminClient = "__admin_client";

    public static bool Contains(string topic) =>
        topic.StartsWith("__", StringComparison.Ordinal) && topic is "__consumer_offsets" or "__transaction_state" or "__share_group_state";
}
