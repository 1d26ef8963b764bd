using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A container that lets what stands on it leave rules out: of slots that hold blocks or fences.</summary>
internal sealed class MutantContainer(IBlobContainer inner) : IBlobContainer
{
    // docs/formats/blob-container.md; no block is as short.
    public const int FenceBytes = 48;

    private const int SlotDigits = 16;

    public bool BlockConflictIsSuccess { get; init; }

    /// <summary>And the last block came after the list was made, as it may where the writer still writes: otherwise a conflict is rare.</summary>
    public bool FenceConflictIsSuccess { get; init; }

    /// <summary>A fence that is listed is the end, wherever it stands: nobody looks at the slots below.</summary>
    public bool AnyFenceIsTheEnd { get; init; }

    /// <summary>Slots below the highest block are taken for full.</summary>
    public bool WalksFromTheHighestSlot { get; init; }

    /// <summary>A fence is told as made and is not.</summary>
    public bool FencesNothing { get; init; }

    public async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        var isSlot = name.StartsWith("w/", StringComparison.Ordinal);
        var isFence = isSlot && content.Length == FenceBytes;
        if (isFence && FencesNothing)
        {
            if (await inner.FindAsync(name, cancellationToken) is not null) return new BlobPut(BlobOutcome.Conflict, default, "a mutant's");
            return new BlobPut(BlobOutcome.Written, new ETag("0"));
        }

        var put = await inner.PutAsync(name, content, expected, nonce, cancellationToken);
        return put.Outcome == BlobOutcome.Conflict && isSlot && (isFence ? FenceConflictIsSuccess : BlockConflictIsSuccess) ? new BlobPut(BlobOutcome.Written, new ETag("0")) : put;
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => inner.GetAsync(name, maxBytes, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => inner.FindAsync(name, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lines = new List<ListedBlob>();
        await foreach (var line in inner.ListAsync(prefix, cancellationToken)) lines.Add(line);
        if (FenceConflictIsSuccess && prefix.StartsWith("w/", StringComparison.Ordinal) && lines.FindLastIndex(static line => line.Length > FenceBytes) is >= 0 and var last) lines.RemoveAt(last);
        var end = prefix.StartsWith("w/", StringComparison.Ordinal) ? EndOf(lines) : null;
        if (end is { } slots)
        {
            // A list may be of some neighbouring slots only.
            var session = prefix[..(prefix.LastIndexOf('/') + 1)];
            for (var slot = 0L; slot < slots; slot++)
            {
                var name = session + slot.ToString("x16", CultureInfo.InvariantCulture);
                if (name.StartsWith(prefix, StringComparison.Ordinal)) yield return lines.Find(line => line.Name == name) is { Name: not null, Length: > FenceBytes } stands ? stands : new ListedBlob(name, FenceBytes + 1, TimeSpan.Zero);
            }
        }

        foreach (var line in lines)
        {
            if (end is null || SlotOf(line) >= end) yield return line;
        }
    }

    private long? EndOf(List<ListedBlob> lines)
    {
        if (AnyFenceIsTheEnd && lines.Find(static line => line.Length == FenceBytes) is { Name: not null } fence) return SlotOf(fence);
        return WalksFromTheHighestSlot && lines.FindLast(static line => line.Length > FenceBytes) is { Name: not null } highest ? SlotOf(highest) + 1 : null;
    }

    private static long SlotOf(ListedBlob line) => long.Parse(line.Name.AsSpan(line.Name.Length - SlotDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
