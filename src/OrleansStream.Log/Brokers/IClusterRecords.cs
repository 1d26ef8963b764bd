namespace OrleansStream.Log.Brokers;

/// <summary>Where the record of the cluster stands.</summary>
public interface IClusterRecords
{
    /// <summary>The record that stands; where there is none, this one is created. Of brokers that race, all get the same.</summary>
    /// <exception cref="LogException">Storage failed, or a newer version wrote what stands there: this broker must not touch any of it.</exception>
    ValueTask<ClusterRecord> GetOrCreateAsync(ClusterRecord proposed, CancellationToken cancellationToken);

    /// <summary>The record that stands, or null.</summary>
    /// <exception cref="LogException">As for <see cref="GetOrCreateAsync"/>.</exception>
    ValueTask<ClusterRecord?> FindAsync(CancellationToken cancellationToken);
}
