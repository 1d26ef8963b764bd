using System.Buffers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>An object store whose creates fail as a test says.</summary>
internal sealed class FailingObjects(IObjectStore inner) : IObjectStore
{
    /// <summary>Creates that were tried.</summary>
    public int Created { get; private set; }

    public Func<string, bool> FailCreate { get; set; } = static _ => false;

    /// <summary>The object stands, its writer is told of a failure.</summary>
    public Func<string, bool> FailAfterCreate { get; set; } = static _ => false;

    public Func<string, Task> BeforeCreate { get; set; } = static _ => Task.CompletedTask;

    public async ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        await BeforeCreate(name);
        var fails = FailCreate(name);
        Created++;
        if (fails) throw Failure(name);
        var isCreated = await inner.TryCreateAsync(name, content, cancellationToken);
        return FailAfterCreate(name) ? throw Failure(name) : isCreated;
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => inner.LengthAsync(name, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    private static DiskException Failure(string name) => new(name, "Create", 5, "simulated");
}
