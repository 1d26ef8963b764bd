using System.Buffers;

namespace OrleansStream.Log.Storage;

/// <summary>Objects that are written once and read many times: segments and snapshots. Any number of writers may race; the first create of a name wins.</summary>
public interface IObjectStore
{
    /// <summary>Creates an object, whole or not at all; durable on return.</summary>
    /// <param name="name">Where; docs/formats/object-files.md says what names may be.</param>
    /// <param name="content">Borrowed: neither read nor kept once the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait, not the write: the outcome is then unknown.</param>
    /// <returns>False if the name was taken.</returns>
    ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken);

    /// <summary>Reads a range into the destination; returns the bytes read, fewer only at the end of the object, or -1 if there is no such object.</summary>
    ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The object's length, or -1 if there is none.</summary>
    ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes; nothing happens if it is gone already.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Names that start with the prefix, in ordinal order.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken);
}
