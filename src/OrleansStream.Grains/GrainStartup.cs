using OrleansStream.Grains.Partitions;

namespace OrleansStream.Grains;

/// <summary>Sets to work what follows the catalog, before the catalog is first read.</summary>
public sealed class GrainStartup
{
    private readonly SettingsFollower _settings;

    internal GrainStartup(SettingsFollower settings) => _settings = settings;

    /// <summary>To be called once, when the broker starts.</summary>
    public void Begin() => _settings.Follow();
}
