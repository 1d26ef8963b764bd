using System.IO.Hashing;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Placement;

/// <summary>Which silo owns each partition of a topic: rendezvous hashing with a cap, computed alike by every broker from one membership version. See docs/formats/placement.md.</summary>
public static class PartitionOwners
{
    // 32 hexadecimal digits, a slash and at most ten digits.
    private const int MaxKeyBytes = 48;

    /// <summary>Gives every partition of one topic a silo; no silo gets more than ceil(partitions / silos). Cost is partitions times silos.</summary>
    /// <param name="topic">The topic's id.</param>
    /// <param name="partitionCount">0 or more.</param>
    /// <param name="siloNames">Stable names of the silos that may own, each once, in any order.</param>
    /// <param name="hash">The cluster's seed and version.</param>
    /// <returns>For partition i the name of its owner; empty if there is no silo.</returns>
    public static IReadOnlyList<string> Of(TopicId topic, int partitionCount, IReadOnlyCollection<string> siloNames, PlacementHash hash)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partitionCount);
        if (siloNames.Count == 0 || partitionCount == 0)
        {
            return [];
        }

        string[] silos = [.. siloNames.Order(StringComparer.Ordinal)];
        long[] seeds = [.. silos.Select(name => unchecked((long)hash.Of(name)))];
        var cap = (partitionCount + silos.Length - 1) / silos.Length;
        var loads = new int[silos.Length];
        var owners = new string[partitionCount];
        Span<byte> key = stackalloc byte[MaxKeyBytes];
        for (var index = 0; index < partitionCount; index++)
        {
            var owner = Highest(KeyOf(topic, index, key), seeds, loads, cap);
            loads[owner]++;
            owners[index] = silos[owner];
        }

        return owners;
    }

    private static ReadOnlySpan<byte> KeyOf(TopicId topic, int index, Span<byte> buffer)
    {
        topic.Value.TryFormat(buffer, out var written, "N");
        buffer[written++] = (byte)'/';
        index.TryFormat(buffer[written..], out var digits, provider: System.Globalization.CultureInfo.InvariantCulture);
        return buffer[..(written + digits)];
    }

    // Of equal weights the first in order of names wins; there is always room, since the cap times the silos covers all.
    private static int Highest(ReadOnlySpan<byte> key, long[] seeds, int[] loads, int cap)
    {
        var best = -1;
        var bestWeight = 0UL;
        for (var silo = 0; silo < seeds.Length; silo++)
        {
            if (loads[silo] == cap)
            {
                continue;
            }

            var weight = XxHash3.HashToUInt64(key, seeds[silo]);
            if (best < 0 || weight > bestWeight)
            {
                (best, bestWeight) = (silo, weight);
            }
        }

        return best;
    }
}
