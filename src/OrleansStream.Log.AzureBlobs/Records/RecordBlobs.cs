using System.Buffers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Records;

/// <summary>Small records as blobs that are changed by compare-and-set, each write with a nonce by which it is known again.</summary>
/// <param name="container">Where they stand.</param>
/// <param name="envelope">Of their kind and generation.</param>
internal sealed class RecordBlobs(IBlobContainer container, RecordEnvelope envelope)
{
    public RecordEnvelope Envelope => envelope;

    /// <summary>Reads a record; null if there is none.</summary>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    /// <exception cref="CorruptBlockException">The bytes do not verify.</exception>
    /// <exception cref="LogException">A newer version wrote it, or the cluster's generation is another one.</exception>
    public async ValueTask<T?> GetAsync<T>(string name, Decoder<T> decode, CancellationToken cancellationToken)
        where T : class
    {
        if (await container.GetAsync(name, envelope.MaxBytes, cancellationToken) is not { } content) return null;
        var record = envelope.Open(name, content.Bytes, out _);
        try
        {
            return decode(record, content.ETag);
        }
        catch (FormatException unreadable)
        {
            throw new LogException($"'{name}' cannot be read: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>
    /// Writes a record once. A conflict is looked up at once (rule M2): where this very write stands it is told as written, and where nothing has changed as
    /// unknown, since the conflict was then with a write that did not come to stand, or made by something before the service.
    /// </summary>
    /// <param name="name">Of the blob.</param>
    /// <param name="bytes">What <see cref="RecordEnvelope.Close"/> made: the same in every try.</param>
    /// <param name="nonce">That was given there.</param>
    /// <param name="expected">The version that is replaced; null for none.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    public async ValueTask<BlobPut> PutAsync(string name, byte[] bytes, Guid nonce, ETag? expected, CancellationToken cancellationToken)
    {
        var put = await container.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected, Guid.Empty, cancellationToken);
        if (put.Outcome != BlobOutcome.Conflict) return put;

        BlobContent? stands;
        try
        {
            stands = await container.GetAsync(name, envelope.MaxBytes, cancellationToken);
        }
        catch (StorageException failed)
        {
            return new BlobPut(BlobOutcome.Unknown, default, failed.Message); // Sent again, it meets the same conflict.
        }

        if (stands?.ETag == expected) return put with { Outcome = BlobOutcome.Unknown };
        if (stands is null) return put;
        envelope.Open(name, stands.Bytes, out var standing);
        return standing == nonce ? new BlobPut(BlobOutcome.Written, stands.ETag) : put;
    }

    /// <summary>Makes a record of its verified bytes.</summary>
    /// <exception cref="FormatException">They are no such record, or one of a newer format.</exception>
    public delegate T Decoder<out T>(ReadOnlySpan<byte> record, ETag version);
}
