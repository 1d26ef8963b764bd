using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Grains.Cluster;

/// <summary>About how many bytes parts of the catalog take between brokers: enough to keep a message from being too large.</summary>
internal static class CatalogBytes
{
    private const int OfAnything = 128;
    private const int MostPerCharacter = 3;

    public static int Of(Topic topic) => OfAnything + (MostPerCharacter * (topic.Name.Length + topic.Configs.Sum(static config => config.Key.Length + config.Value.Length + 4)));

    public static int Of(CatalogStep step) => OfAnything + (step.Put is { } topic ? Of(topic) : 0);
}
