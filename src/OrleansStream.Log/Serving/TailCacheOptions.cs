using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Serving;

/// <summary>How much of the newest data a broker keeps in memory, so that live readers touch no storage.</summary>
public sealed class TailCacheOptions
{
    public const string Section = "OrleansStream:TailCache";

    /// <summary>Bytes of whole slabs that the cache holds. 0 (no cache) to 64 GiB; 64 MiB unless set. At the bound the oldest blocks are evicted.</summary>
    [Between(0, 64 * Limits.GiB)]
    public long MaxBytes { get; set; } = 64 * Limits.MiB;
}
