namespace OrleansStream.Log.Serving;

/// <summary>Facts of a produce request that bear on validation.</summary>
/// <param name="ZstdAllowed">Produce version 7 or later; earlier ones answer zstd with UNSUPPORTED_COMPRESSION_TYPE.</param>
public readonly record struct AppendContext(bool ZstdAllowed);
