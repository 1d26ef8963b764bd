using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// One process's way to the container. Requests and answers take their time, and what was sent arrives whatever becomes of the sender: a put may come to
/// stand long after its writer died, froze or gave it up.
/// </summary>
internal sealed class StorageLink(SimulatedBlobs blobs, WorldClock world, StorageWeather weather, Action<BlobCall> onArrived) : IBlobContainer
{
    private int _calls;

    private StorageWeather Weather => weather;

    private static BlobPut TooBusy => new(BlobOutcome.Unknown, default, "the simulator was asked too much", IsBusy: true);

    /// <summary>Nothing arrives, in either direction.</summary>
    public bool IsCut { get; set; }

    /// <summary>The process was killed: of what it was sending some arrives and some does not.</summary>
    public bool IsSenderGone { get; set; }

    /// <summary>Set by mutants and scripts: what becomes of a call. Null: the weather decides.</summary>
    public Func<BlobCall, BlobFault?>? Script { get; set; }

    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = content.ToArray();
        var call = Begin(BlobCallKind.Put, name);
        var answer = new Answer<BlobPut>(this, () => new BlobPut(BlobOutcome.Unknown, default, "no answer came"));
        switch (IsCut ? BlobFault.RequestLost : FaultOf(call))
        {
            case var _ when weather.IsRefused():
                answer.Give(() => throw new StorageException(name, "Write", "the simulator refused it"));
                break;
            case BlobFault.RequestLost:
                answer.Lose();
                break;
            case BlobFault.AnswerLost:
                In(weather.NextDelay(), () => Put());
                answer.Lose();
                break;
            case BlobFault.Late:
                In(weather.NextLateness(), () => Put());
                answer.Lose();
                break;
            case BlobFault.FalseConflict:
                answer.Give(() => new BlobPut(BlobOutcome.Conflict, default, "the simulator told a conflict that there was not"));
                break;
            case BlobFault.Busy:
                answer.Give(() => TooBusy);
                break;
            case BlobFault.FalseBusy:
                answer.Give(() =>
                {
                    Put();
                    return TooBusy;
                });
                break;
            case BlobFault.Doubled:
                answer.Give(Put);
                In(weather.NextLateness(), () => Put());
                break;
            default:
                answer.Give(Put);
                break;
        }

        return new(answer.WaitAsync(cancellationToken));

        BlobPut Put()
        {
            var put = Now(blobs.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected, nonce, CancellationToken.None));
            if (put.Outcome == BlobOutcome.Written) onArrived(call);
            return put;
        }
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) =>
        CallAsync((BlobCallKind.Read, name, "Read"), () =>
        {
            // Into memory of its own first: the caller's is his again when he has given the call up.
            var bytes = new byte[destination.Length];
            return (Length: Now(blobs.ReadAsync(name, position, bytes, CancellationToken.None)), Bytes: bytes);
        }, read =>
        {
            if (read.Length > 0) read.Bytes.AsMemory(0, read.Length).CopyTo(destination);
            return read.Length;
        }, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) =>
        CallAsync((BlobCallKind.Get, name, "Read"), () => Now(blobs.GetAsync(name, maxBytes, CancellationToken.None)), static content => content, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) =>
        CallAsync((BlobCallKind.Find, name, "Look-up"), () => Now(blobs.FindAsync(name, CancellationToken.None)), static facts => facts, cancellationToken);

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken) =>
        await CallAsync((BlobCallKind.Delete, name, "Deletion"), () =>
        {
            Now(blobs.DeleteAsync(name, CancellationToken.None));
            onArrived(new BlobCall(0, BlobCallKind.Delete, name));
            return true;
        }, static done => done, cancellationToken);

    // Two pages: what is put or deleted between them is there or not.
    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = await CallAsync((BlobCallKind.List, prefix, "List"), () => Lines(prefix), static lines => lines, cancellationToken);
        if (first.Count < 2)
        {
            foreach (var line in first) yield return line;
            yield break;
        }

        var page = first.Take(first.Count / 2).ToList();
        foreach (var line in page) yield return line;
        var rest = await CallAsync((BlobCallKind.List, prefix, "List"), () => Lines(prefix), static lines => lines, cancellationToken);
        foreach (var line in rest.Where(line => string.CompareOrdinal(line.Name, page[^1].Name) > 0)) yield return line;
    }

    private List<ListedBlob> Lines(string prefix)
    {
        var lines = new List<ListedBlob>();
        var all = blobs.ListAsync(prefix, CancellationToken.None).GetAsyncEnumerator();
        while (Now(all.MoveNextAsync())) lines.Add(all.Current);
        return lines;
    }

    private ValueTask<TResult> CallAsync<T, TResult>((BlobCallKind Kind, string Name, string Operation) what, Func<T> apply, Func<T, TResult> take, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = Begin(what.Kind, what.Name);
        var answer = new Answer<T>(this, () => throw new StorageException(what.Name, what.Operation, "the simulator lost it") { IsTransient = true });
        switch (IsCut ? BlobFault.RequestLost : FaultOf(call))
        {
            case var _ when weather.IsRefused():
                answer.Give(() => throw new StorageException(what.Name, what.Operation, "the simulator refused it"));
                break;
            case BlobFault.RequestLost:
                answer.Lose();
                break;
            case BlobFault.AnswerLost when what.Kind == BlobCallKind.Delete:
                In(weather.NextDelay(), () => apply());
                answer.Lose();
                break;
            case BlobFault.AnswerLost or BlobFault.Late:
                answer.Lose();
                break;
            default:
                answer.Give(apply);
                break;
        }

        return TakeAsync();

        async ValueTask<TResult> TakeAsync() => take(await answer.WaitAsync(cancellationToken));
    }

    private BlobCall Begin(BlobCallKind kind, string name) => new(++_calls, kind, name);

    private BlobFault FaultOf(BlobCall call) => Script?.Invoke(call) ?? weather.NextFault();

    private void In(TimeSpan delay, Action action) => world.In(delay, action);

    // The simulated container answers at once.
    private static T Now<T>(ValueTask<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : throw new InvalidOperationException("The container waits.");

    private static void Now(ValueTask task) => task.GetAwaiter().GetResult();

    private sealed class Answer<T>(StorageLink link, Func<T> none)
    {
        private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Give(Func<T> apply)
        {
            link.In(link.Weather.NextDelay(), () =>
            {
                if (link.IsCut || (link.IsSenderGone && link.Weather.IsQuick()))
                {
                    Lose();
                    return;
                }

                T result;
                try
                {
                    result = apply();
                }
                catch (StorageException failed)
                {
                    link.In(link.Weather.NextDelay(), () => _source.TrySetException(failed));
                    return;
                }

                link.In(link.Weather.NextDelay(), () =>
                {
                    if (link.IsCut) Lose();
                    else _source.TrySetResult(result);
                });
            });
        }

        public void Lose() => link.In(link.Weather.IsQuick() && !link.IsCut ? link.Weather.NextDelay() : link.Weather.CallLimit, Fail);

        public async Task<T> WaitAsync(CancellationToken cancellationToken)
        {
            using var cancelled = cancellationToken.UnsafeRegister(static (source, token) => ((TaskCompletionSource<T>)source!).TrySetCanceled(token), _source);
            return await _source.Task;
        }

        private void Fail()
        {
            if (_source.Task.IsCompleted) return;
            try
            {
                _source.TrySetResult(none());
            }
            catch (StorageException failed)
            {
                _source.TrySetException(failed);
            }
        }
    }
}
