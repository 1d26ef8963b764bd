using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What one partition of a fetch asks for.</summary>
/// <param name="From">First wanted offset.</param>
/// <param name="MaxBytes">Upper bound of the frames' bytes.</param>
/// <param name="AtLeastOne">Whether the first batch is given even if it is larger than <paramref name="MaxBytes"/> (KIP-74).</param>
/// <param name="Committed">Whether reading ends at the last stable offset.</param>
public readonly record struct ReadRequest(Offset From, int MaxBytes, bool AtLeastOne, bool Committed);
