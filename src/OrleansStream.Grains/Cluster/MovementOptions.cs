using System.ComponentModel.DataAnnotations;

namespace OrleansStream.Grains.Cluster;

/// <summary>How partitions move between brokers.</summary>
public sealed class MovementOptions
{
    public const string Section = "OrleansStream:Movement";

    /// <summary>
    /// Partitions that a broker takes over from a dead one, or hands over when it leaves, at once. Each of the brokers that it hands over to has its share, and at least
    /// one. 1 to 1,000; 50 unless set.
    /// </summary>
    [Range(1, 1000)]
    public int AtOnce { get; set; } = 50;

    /// <summary>
    /// Partitions that a broker which stays hands over at once. Nobody waits for them, and what their moves ask of storage stands in one line with the blocks of
    /// every lane. Shared as <see cref="AtOnce"/> is. 1 to 1,000; 2 unless set.
    /// </summary>
    [Range(1, 1000)]
    public int HandOverAtOnce { get; set; } = 2;

    /// <summary>How long after a broker has joined the others begin to hand over: several that start together move each partition once. 2 s unless set.</summary>
    public TimeSpan JoinDelay { get; set; } = TimeSpan.FromSeconds(2);
}
