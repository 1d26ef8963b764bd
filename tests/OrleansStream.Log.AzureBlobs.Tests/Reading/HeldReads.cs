using System.Buffers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>Stands before a container and keeps reads until the test lets them go, or their caller gives up.</summary>
internal sealed class HeldReads(IBlobContainer container) : IBlobContainer
{
    private readonly Lock _gate = new();
    private readonly List<HeldRead> _held = [];
    private readonly List<HeldRead> _all = [];

    /// <summary>Whether reads wait.</summary>
    public bool Holds { get; set; } = true;

    /// <summary>Reads that wait, in the order in which they came.</summary>
    public IReadOnlyList<HeldRead> Held
    {
        get
        {
            lock (_gate) return [.. _held];
        }
    }

    /// <summary>Every read that came.</summary>
    public IReadOnlyList<HeldRead> All
    {
        get
        {
            lock (_gate) return [.. _all];
        }
    }

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = new HeldRead(name, position, destination.Length, this);
        lock (_gate)
        {
            _all.Add(read);
            if (Holds) _held.Add(read);
            else read.Release();
        }

        await using var cancelled = cancellationToken.Register(() => read.Cancel(cancellationToken));
        await read.Turn;
        return await container.ReadAsync(name, position, destination, CancellationToken.None);
    }

    /// <summary>Lets the first that waits go.</summary>
    public void ReleaseOne() => Held[0].Release();

    /// <summary>Lets all go that wait, those too that come thereby.</summary>
    public void ReleaseAll()
    {
        Holds = false;
        foreach (var read in Held) read.Release();
    }

    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) => container.PutAsync(name, content, expected, nonce, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => container.GetAsync(name, maxBytes, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => container.FindAsync(name, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => container.DeleteAsync(name, cancellationToken);

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => container.ListAsync(prefix, cancellationToken);

    internal void Forget(HeldRead read)
    {
        lock (_gate) _held.Remove(read);
    }
}

/// <summary>A read that waits. Its caller goes on before a call of this returns.</summary>
internal sealed class HeldRead(string name, long position, int length, HeldReads reads)
{
    private readonly TaskCompletionSource _turn = new();

    public string Name => name;

    public long Position => position;

    public int Length => length;

    /// <summary>Whether its caller gave up.</summary>
    public bool IsCancelled => _turn.Task.IsCanceled;

    public Task Turn => _turn.Task;

    public void Release()
    {
        reads.Forget(this);
        _turn.TrySetResult();
    }

    public void Fail(Exception failure)
    {
        reads.Forget(this);
        _turn.TrySetException(failure);
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        reads.Forget(this);
        _turn.TrySetCanceled(cancellationToken);
    }
}
