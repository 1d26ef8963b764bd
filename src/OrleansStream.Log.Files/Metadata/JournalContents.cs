using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>All records of a metadata journal, as read for verification.</summary>
public sealed record JournalContents(string Path, IReadOnlyList<Manifest> Manifests, IReadOnlyList<SessionRecord> Sessions);
