using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace OrleansStream.Coordination.Placement;

/// <summary>The hash that places anything: XxHash3 over UTF-8, with the cluster's seed. The same in every process and release.</summary>
/// <param name="Seed">From the cluster object.</param>
/// <param name="Version">From the cluster object; 1 is the only one there is.</param>
public readonly record struct PlacementHash(long Seed, int Version)
{
    /// <summary>What new clusters are created with.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The hash of a text.</summary>
    /// <exception cref="NotSupportedException">The cluster was created by a later release with another hash: upgrade this broker.</exception>
    public ulong Of(ReadOnlySpan<char> text)
    {
        if (Version != CurrentVersion)
        {
            throw new NotSupportedException($"Placement hash version {Version} is unknown; this release knows version {CurrentVersion}.");
        }

        var bytes = Encoding.UTF8.GetByteCount(text);
        var rented = bytes <= 512 ? null : ArrayPool<byte>.Shared.Rent(bytes);
        var buffer = rented ?? stackalloc byte[512];
        var written = Encoding.UTF8.GetBytes(text, buffer);
        var hash = XxHash3.HashToUInt64(buffer[..written], Seed);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return hash;
    }
}
