using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A container that passes everything on.</summary>
internal class PassingContainer(IBlobContainer inner) : IBlobContainer
{
    protected IBlobContainer Inner => inner;

    public virtual ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) =>
        inner.PutAsync(name, content, expected, nonce, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => inner.GetAsync(name, maxBytes, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => inner.FindAsync(name, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);
}

/// <summary>Some puts are told as written and are not.</summary>
internal sealed class SwallowingContainer(IBlobContainer inner, Func<string, byte[], bool> isSwallowed, bool createsOnly) : PassingContainer(inner)
{
    public override ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) =>
        (!createsOnly || expected is null) && isSwallowed(name, content.ToArray())
            ? new(new BlobPut(BlobOutcome.Written, new ETag("0")))
            : base.PutAsync(name, content, expected, nonce, cancellationToken);
}

/// <summary>Writes of a manifest that are no claims become others, given what stands.</summary>
internal sealed class EditingContainer(IBlobContainer inner, Func<Manifest, Manifest, Manifest> change) : PassingContainer(inner)
{
    private const int MaxBytes = 16 * 1024 * 1024;

    public override async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        if (!name.StartsWith("m/", StringComparison.Ordinal) || expected is null) return await base.PutAsync(name, content, expected, nonce, cancellationToken);
        var next = ManifestBytes.Read(name, content.ToArray());
        if (await Inner.GetAsync(name, MaxBytes, cancellationToken) is { } stands && ManifestBytes.Read(name, stands.Bytes) is var manifest && manifest.Epoch == next.Epoch) next = change(manifest, next);
        return await base.PutAsync(name, new ReadOnlySequence<byte>(ManifestBytes.Write(name, next)), expected, nonce, cancellationToken);
    }
}
