using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;

namespace OrleansStream.Testing.Storage;

/// <summary>Objects in memory.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    /// <summary>Asked before an object is created; false leaves it uncreated, as if its name were taken.</summary>
    public Func<string, bool>? MayCreate { get; set; }

    /// <summary>What deleting an object fails with; null for none.</summary>
    public Func<string, Exception?>? DeleteFault { get; set; }

    /// <summary>The names that there are, in order.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_objects) return [.. _objects.Keys];
        }
    }

    /// <summary>An object's bytes, to look at or to damage.</summary>
    public byte[] this[string name]
    {
        get
        {
            lock (_objects) return _objects[name];
        }
    }

    public ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (MayCreate?.Invoke(name) == false) return new(false);
        lock (_objects) return new(_objects.TryAdd(name, content.ToArray()));
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_objects)
        {
            if (!_objects.TryGetValue(name, out var content)) return new(-1);
            var length = (int)Math.Clamp(content.Length - position, 0, destination.Length);
            content.AsMemory((int)Math.Min(position, content.Length), length).CopyTo(destination);
            return new(length);
        }
    }

    public ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken)
    {
        lock (_objects) return new(_objects.TryGetValue(name, out var content) ? content.Length : -1);
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (DeleteFault?.Invoke(name) is { } fault) return ValueTask.FromException(fault);
        lock (_objects) _objects.Remove(name);
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            await ValueTask.CompletedTask;
            yield return name;
        }
    }
}
