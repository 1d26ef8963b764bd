using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Deletes topics. Up to version 5 by name, from version 6 on by name or id.</summary>
[Request(ApiKey.DeleteTopics, MinVersion = 1, MaxVersion = 6, FlexibleFrom = 4)]
public sealed partial class DeleteTopicsRequest
{
    /// <summary>The topics.</summary>
    [Since(6)]
    public List<Topic> Topics { get; set; } = [];

    /// <summary>The topics' names.</summary>
    [Until(5), Ignorable]
    public List<string> TopicNames { get; set; } = [];

    /// <summary>How long the broker may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name; null if it is named by id.</summary>
        public string? Name { get; set; }

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        public TopicId TopicId { get; set; }
    }
}

/// <summary>Whether each topic is gone.</summary>
[Response(typeof(DeleteTopicsRequest))]
public sealed partial class DeleteTopicsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name; null if it was named by an id that is unknown.</summary>
        [NullableSince(6)]
        public string? Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(6), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        [Since(5), Ignorable]
        public string? ErrorMessage { get; set; }
    }
}
