using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;

namespace OrleansStream.Testing.Blobs;

/// <summary>
/// A blob container in memory that may lose, delay and double as a service does. What it does is decided when the call is made, in the order of the calls,
/// so that a seed decides all of it.
/// </summary>
/// <param name="time">The service's clock, for ages.</param>
public sealed class SimulatedBlobs(TimeProvider time) : IBlobContainer
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Stored> _blobs = new(StringComparer.Ordinal);
    private readonly List<Put> _late = [];
    private readonly List<(Put Put, TaskCompletionSource<BlobPut> Answer)> _held = [];
    private int _calls;
    private long _versions;

    /// <summary>Asked before each call what becomes of it; null: nothing happens to any.</summary>
    public Func<BlobCall, BlobFault>? Faults { get; set; }

    /// <summary>Runs before each call, outside any lock: what somebody else does meanwhile.</summary>
    public Action<BlobCall>? BeforeCall { get; set; }

    /// <summary>Every call that was made.</summary>
    public List<BlobCall> Calls { get; } = [];

    /// <summary>Puts that were sent and have not arrived yet.</summary>
    public int LatePuts
    {
        get
        {
            lock (_gate) return _late.Count;
        }
    }

    /// <summary>Whether puts wait, neither done nor answered, until <see cref="Release"/> or the end of their caller's patience.</summary>
    public bool HoldsPuts { get; set; }

    /// <summary>The names of puts that wait, in the order in which they were sent.</summary>
    public IReadOnlyList<string> Held
    {
        get
        {
            lock (_gate) return [.. _held.Select(held => held.Put.Name)];
        }
    }

    /// <summary>The names that there are, in order.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate) return [.. _blobs.Keys];
        }
    }

    /// <summary>A blob's bytes, to look at or to damage.</summary>
    public byte[] this[string name]
    {
        get
        {
            lock (_gate) return _blobs[name].Bytes;
        }
    }

    /// <summary>A late put arrives. True if it came to stand.</summary>
    /// <param name="index">Which of <see cref="LatePuts"/>, in the order in which they were sent.</param>
    public bool DeliverLate(int index = 0)
    {
        lock (_gate)
        {
            var put = _late[index];
            _late.RemoveAt(index);
            return Apply(put).Outcome == BlobOutcome.Written;
        }
    }

    /// <summary>A put that waits gets on, and its caller's continuation runs before this returns.</summary>
    /// <param name="name">Which.</param>
    /// <param name="fault">What becomes of it.</param>
    public void Release(string name, BlobFault fault = BlobFault.None)
    {
        (Put Put, TaskCompletionSource<BlobPut> Answer) held;
        lock (_gate)
        {
            held = _held.First(waiting => waiting.Put.Name == name);
            _held.Remove(held);
        }

        held.Answer.TrySetResult(Answer(held.Put, fault));
    }

    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var fault = Begin(BlobCallKind.Put, name);
        var put = new Put(name, content.ToArray(), expected, nonce);
        return HoldsPuts ? new(HoldAsync(put, cancellationToken)) : new(Answer(put, fault));
    }

    private async Task<BlobPut> HoldAsync(Put put, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<BlobPut>();
        lock (_gate) _held.Add((put, answer));
        using var cancelled = cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
        return await answer.Task;
    }

    private BlobPut Answer(Put put, BlobFault fault)
    {
        lock (_gate)
        {
            if (fault is BlobFault.Late or BlobFault.Doubled) _late.Add(put);
            return fault switch
            {
                BlobFault.RequestLost or BlobFault.Late => Unknown,
                BlobFault.FalseConflict => new BlobPut(BlobOutcome.Conflict, default, "the simulator told a conflict that there was not"),
                BlobFault.AnswerLost => Unseen(put),
                BlobFault.Busy => TooBusy,
                BlobFault.FalseBusy => Unseen(put) with { Detail = TooBusy.Detail, IsBusy = true },
                _ => Apply(put),
            };
        }
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (Look(BlobCallKind.Read, name, cancellationToken) is not { } stored) return new(-1);
        var length = (int)Math.Clamp(stored.Bytes.Length - position, 0, destination.Length);
        stored.Bytes.AsMemory((int)Math.Min(position, stored.Bytes.Length), length).CopyTo(destination);
        return new(length);
    }

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken)
    {
        if (Look(BlobCallKind.Get, name, cancellationToken) is not { } stored) return new((BlobContent?)null);
        if (stored.Bytes.Length > maxBytes) throw new StorageException(name, "Read", $"it has {stored.Bytes.Length} bytes, of which at most {maxBytes} are read");
        return new(new BlobContent([.. stored.Bytes], stored.ETag));
    }

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) =>
        new(Look(BlobCallKind.Find, name, cancellationToken) is { } stored ? new BlobFacts(stored.Bytes.Length, stored.ETag, stored.Nonce) : null);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var fault = Begin(BlobCallKind.Delete, name);
        if (fault is BlobFault.RequestLost or BlobFault.Busy) throw Lost(name, "Deletion");
        lock (_gate) _blobs.Remove(name);
        if (fault != BlobFault.None) throw Lost(name, "Deletion");
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Begin(BlobCallKind.List, prefix) != BlobFault.None) throw Lost(prefix, "List");
        ListedBlob[] lines;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            lines = [.. _blobs.Where(blob => blob.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(blob => new ListedBlob(blob.Key, blob.Value.Bytes.Length, now - blob.Value.Written))];
        }

        foreach (var line in lines)
        {
            await ValueTask.CompletedTask;
            yield return line;
        }
    }

    private static BlobPut Unknown => new(BlobOutcome.Unknown, default, "the simulator lost the answer");

    private static BlobPut TooBusy => new(BlobOutcome.Unknown, default, "the simulator was asked too much", IsBusy: true);

    private static StorageException Lost(string name, string operation) => new(name, operation, "the simulator lost it") { IsTransient = true };

    private BlobFault Begin(BlobCallKind kind, string name)
    {
        BlobCall call;
        lock (_gate) Calls.Add(call = new BlobCall(++_calls, kind, name));
        BeforeCall?.Invoke(call);
        return Faults?.Invoke(call) ?? BlobFault.None;
    }

    private Stored? Look(BlobCallKind kind, string name, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (Begin(kind, name) != BlobFault.None) throw Lost(name, "Read");
        lock (_gate) return _blobs.GetValueOrDefault(name);
    }

    private BlobPut Unseen(Put put)
    {
        Apply(put);
        return Unknown;
    }

    private BlobPut Apply(Put put)
    {
        if (_blobs.GetValueOrDefault(put.Name)?.ETag != put.Expected) return new BlobPut(BlobOutcome.Conflict, default, "another version stands there");
        var version = new ETag((++_versions).ToString(CultureInfo.InvariantCulture));
        _blobs[put.Name] = new Stored(put.Bytes, version, put.Nonce, time.GetUtcNow());
        return new BlobPut(BlobOutcome.Written, version);
    }

    private sealed record Stored(byte[] Bytes, ETag ETag, Guid Nonce, DateTimeOffset Written);

    private sealed record Put(string Name, byte[] Bytes, ETag? Expected, Guid Nonce);
}
