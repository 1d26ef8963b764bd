using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks which broker coordinates a group or a transactional id. Up to version 3 for one key, from version 4 on for several.</summary>
[Request(ApiKey.FindCoordinator, MinVersion = 0, MaxVersion = 6, FlexibleFrom = 3)]
public sealed partial class FindCoordinatorRequest
{
    /// <summary>The group id or transactional id, up to version 3.</summary>
    [Until(3)]
    public string Key { get; set; } = "";

    /// <summary>What the keys are.</summary>
    [Since(1)]
    public CoordinatorKeyType KeyType { get; set; }

    /// <summary>The group ids or transactional ids.</summary>
    [Since(4)]
    public List<string> Keys { get; set; } = [];
}

/// <summary>The coordinators. Up to version 3 a single one, from version 4 on a list.</summary>
[Response(typeof(FindCoordinatorRequest))]
public sealed partial class FindCoordinatorResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    [Until(3)]
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
    [Since(1), Until(3), Ignorable]
    public string? ErrorMessage { get; set; }

    /// <summary>The coordinator's broker id; -1 after an error.</summary>
    [Until(3)]
    public int NodeId { get; set; }

    /// <summary>Its host name or address.</summary>
    [Until(3)]
    public string Host { get; set; } = "";

    /// <summary>Its port.</summary>
    [Until(3)]
    public int Port { get; set; }

    /// <summary>A coordinator for each key.</summary>
    [Since(4)]
    public List<Coordinator> Coordinators { get; set; } = [];

    /// <summary>The coordinator of one key.</summary>
    public sealed partial class Coordinator
    {
        /// <summary>The group id or the transactional id.</summary>
        public string Key { get; set; } = "";

        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>Its host name or address.</summary>
        public string Host { get; set; } = "";

        /// <summary>Its port.</summary>
        public int Port { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        public string? ErrorMessage { get; set; }
    }
}
