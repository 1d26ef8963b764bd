using System.Collections.Immutable;
using OrleansStream.Log.Manifests;

namespace OrleansStream.Log.Ownership;

/// <summary>What an owner gave up (rule L5): the manifest as it stands, unchanged, and the extents that the claimant writes into the next one.</summary>
/// <param name="Stored">The manifest that the owner read, with the version that the claim replaces.</param>
/// <param name="Extents">Its extents and those that the owner's session held, as segments that are durable.</param>
public sealed record ReleasedLog(StoredManifest Stored, ImmutableArray<Extent> Extents);
