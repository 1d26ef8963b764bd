using System.Collections.Immutable;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>Orders what happens to one topic name. Key: the name, already known to be a legal one, so that no garbage makes activations.</summary>
[Alias("os.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Creates the topic: durable on return, and known to every live broker, or to those that could be told within a second. REQUEST_TIMED_OUT while the catalog cannot be written: try again.</summary>
    [Alias("Create")]
    Task<TopicChange> CreateAsync(CreateTopic request, CancellationToken cancellationToken);

    /// <summary>Deletes it: gone from Metadata on return; its bytes go in the background.</summary>
    /// <param name="expected">The topic that is meant; UNKNOWN_TOPIC_ID if the name belongs to another one by now. Null: whichever has the name.</param>
    /// <param name="cancellationToken">Ends the wait, not the deletion.</param>
    [Alias("Delete")]
    Task<TopicChange> DeleteAsync(TopicId? expected, CancellationToken cancellationToken);

    /// <summary>Grows it to this many partitions.</summary>
    [Alias("Grow")]
    Task<TopicChange> GrowAsync(int partitionCount, bool validateOnly, CancellationToken cancellationToken);

    /// <summary>Changes configs: all of the operations or none.</summary>
    [Alias("Configure")]
    Task<TopicChange> ConfigureAsync(ConfigureTopic request, CancellationToken cancellationToken);
}

/// <summary>What a topic is created with.</summary>
/// <param name="Id">Chosen by the caller and never used before: by it a second try of one wish is known as such.</param>
/// <param name="PartitionCount">At least 1; defaults are already filled in.</param>
[GenerateSerializer, Immutable, Alias("os.CreateTopic")]
public sealed record CreateTopic(TopicId Id, int PartitionCount, short ReplicationFactor, ImmutableSortedDictionary<string, string> Configs, bool ValidateOnly);

/// <summary>Changes to a topic's configs.</summary>
/// <param name="ReplaceAll">AlterConfigs: what is not named here goes back to its default. Otherwise IncrementalAlterConfigs.</param>
[GenerateSerializer, Immutable, Alias("os.ConfigureTopic")]
public sealed record ConfigureTopic(ImmutableArray<ConfigChange> Changes, bool ReplaceAll, bool ValidateOnly);

/// <summary>One change to one config.</summary>
[GenerateSerializer, Immutable, Alias("os.ConfigChange")]
public sealed record ConfigChange(string Name, ConfigOperation Operation, string? Value);

/// <summary>What is done with a config; the numbers are IncrementalAlterConfigs' own.</summary>
public enum ConfigOperation : byte
{
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

/// <summary>How a change ended.</summary>
/// <param name="Topic">The topic as it is now, or would be after a validated change; null on error.</param>
[GenerateSerializer, Immutable, Alias("os.TopicChange")]
public sealed record TopicChange(ErrorCode Error, string? Message, Topic? Topic)
{
    public static TopicChange Failed(ErrorCode error, string message) => new(error, message, null);
}
