using System.Buffers;
using System.Runtime.CompilerServices;

namespace OrleansStream.Log.Storage;

/// <summary>Objects that are written once and read many times: segments and snapshots. Any number of writers may race; the first create of a name wins.</summary>
public interface IObjectStore
{
    /// <summary>Creates an object, whole or not at all; durable on return.</summary>
    /// <param name="name">Where; docs/formats/object-files.md and docs/formats/blob-container.md say which names there are.</param>
    /// <param name="content">Borrowed: neither read nor kept once the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait, not the write: the outcome is then unknown.</param>
    /// <returns>False if the name was taken by somebody else.</returns>
    /// <exception cref="OutcomeUnknownException">Neither success nor refusal was seen. It may stand, or come to stand: it is not to be deleted (rule M4).</exception>
    ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken);

    /// <summary>Reads a range into the destination; returns the bytes read, fewer only at the end of the object, or -1 if there is no such object.</summary>
    ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The object's length, or -1 if there is none.</summary>
    ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes; nothing happens if it is gone already.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that start with the prefix, in ordinal order.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>The same with ages. A store that keeps none gives none: whoever asks then counts from when it first saw the name.</summary>
    async IAsyncEnumerable<ListedObject> ListWithAgesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var name in ListAsync(prefix, cancellationToken)) yield return new ListedObject(name, null);
    }
}

/// <summary>A line of a list.</summary>
/// <param name="Name">The object's.</param>
/// <param name="Age">Since it was written, by the store's own clock at both ends; null where the store keeps none.</param>
public readonly record struct ListedObject(string Name, TimeSpan? Age);
