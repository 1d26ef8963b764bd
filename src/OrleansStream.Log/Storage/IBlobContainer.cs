using System.Buffers;

namespace OrleansStream.Log.Storage;

/// <summary>
/// A container of a blob service, as far as every such service can be relied upon: each put is whole or not at all, decided by its condition, and durable
/// once answered; reads and lists see every put that was answered before they began. Any answer can get lost. What stands on it (lane, recovery, manifests)
/// is the same over a service and over the simulator. Safe for any number of callers.
/// </summary>
/// <remarks>
/// Every call has a limit of its own in time, beside the caller's token. A cancelled call throws <see cref="OperationCanceledException"/>; a put that was
/// cancelled may still come to stand.
/// </remarks>
public interface IBlobContainer
{
    /// <summary>Sends one put, which is never repeated underneath: whoever calls knows how often a name was tried.</summary>
    /// <param name="name">Letters, digits, dashes, dots and underscores in parts between slashes; at most 200 characters.</param>
    /// <param name="content">Borrowed: not read any more once the task has completed, however it did.</param>
    /// <param name="expected">The version that is replaced; null to create the name if it is absent. There is no put without a condition.</param>
    /// <param name="nonce">Kept beside the bytes, to know one's own put by. Empty for none: the bytes then say whose they are.</param>
    /// <param name="cancellationToken">Ends the wait, not the put.</param>
    /// <exception cref="StorageException">Refused for good, for another reason than its condition; this put does not stand.</exception>
    ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken);

    /// <summary>Reads a range into the destination; returns the bytes read, fewer only at the end of the blob, or -1 if there is no such blob.</summary>
    /// <exception cref="StorageException">The service could not be asked, or refused.</exception>
    ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Reads a small blob as a whole, with its version; null if there is none.</summary>
    /// <param name="name">Which.</param>
    /// <param name="maxBytes">A larger one is refused before any memory is taken for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StorageException">As for <see cref="ReadAsync"/>, or the blob is larger.</exception>
    ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken);

    /// <summary>What is known of a blob without reading it; null if there is none.</summary>
    /// <exception cref="StorageException">As for <see cref="ReadAsync"/>.</exception>
    ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes; nothing happens if it is gone already.</summary>
    /// <exception cref="StorageException">As for <see cref="ReadAsync"/>. It may be gone or not: delete again.</exception>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Blobs whose names start with the prefix, in ordinal order, a page at a time. What is put or deleted meanwhile may be there or not.</summary>
    /// <exception cref="StorageException">As for <see cref="ReadAsync"/>.</exception>
    IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken);
}

/// <summary>What became of one put.</summary>
/// <param name="Outcome">Whether it stands.</param>
/// <param name="ETag">The blob's version if it does.</param>
/// <param name="Detail">What was seen, for a person; null if it stands.</param>
/// <param name="IsBusy">
/// The service said that it is asked too much: it is to be asked less, and did most likely nothing. Only with <see cref="BlobOutcome.Unknown"/>, since whatever
/// stands before it may say the same after it has acted.
/// </param>
public readonly record struct BlobPut(BlobOutcome Outcome, ETag ETag, string? Detail = null, bool IsBusy = false);

/// <summary>What is known after a put.</summary>
public enum BlobOutcome
{
    Written,

    /// <summary>The condition did not hold. This says nothing by itself: an earlier try of the same put may be what stands there. Read the name.</summary>
    Conflict,

    /// <summary>It may stand, or come to stand later.</summary>
    Unknown,
}

/// <summary>A whole blob.</summary>
/// <param name="Bytes">The caller's own.</param>
/// <param name="ETag">Its version.</param>
public sealed record BlobContent(byte[] Bytes, ETag ETag);

/// <summary>What a service knows of a blob.</summary>
/// <param name="Length">In bytes.</param>
/// <param name="ETag">Its version.</param>
/// <param name="Nonce">As it was put; empty if it had none.</param>
public sealed record BlobFacts(long Length, ETag ETag, Guid Nonce);

/// <summary>A line of a list.</summary>
/// <param name="Name">The blob's.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Age">Since it was written, by the service's own clock at both ends: it compares no two machines' clocks. Whole seconds.</param>
public readonly record struct ListedBlob(string Name, long Length, TimeSpan Age);
