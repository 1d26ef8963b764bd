namespace OrleansStream.Testing.Fuzzing;

/// <summary>A decoder that takes whatever bytes there are.</summary>
/// <param name="Name">For the finding.</param>
/// <param name="Corpus">Sound bytes, from which damaged ones are made.</param>
/// <param name="Decode">Reads bytes to their end. May throw what <paramref name="Refusals"/> names and nothing else.</param>
/// <param name="Refusals">Exceptions that say "these bytes are not what they should be".</param>
public sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Decode, params Type[] Refusals)
{
    /// <summary>Makes the checksum of damaged bytes right again. They may be of any length.</summary>
    public Func<byte[], byte[]> Seal { get; init; } = static bytes => bytes;

    /// <summary>What a try may allocate whatever its size: messages of refusals, what a decoder keeps, and buffers that the pool gave back to the collector meanwhile.</summary>
    public int FixedAllocation { get; init; } = 64 * 1024;

    /// <summary>What decoding may allocate for each byte: objects are larger than what they stand for.</summary>
    public int AllocationPerByte { get; init; } = 100;
}
