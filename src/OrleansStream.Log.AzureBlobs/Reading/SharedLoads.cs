using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Loads a value once for all who ask for it at the same time. It ends with the last who waits: a load that nobody wants holds up those that somebody does.</summary>
/// <param name="load">Loads the value of a key, as urgently as it is told at the time.</param>
/// <param name="permits">Where loads stand in line.</param>
/// <param name="work">Counts loads.</param>
internal sealed class SharedLoads<TKey, TValue>(Func<TKey, LoadUrgency, CancellationToken, Task<TValue>> load, ReadPermits permits, RunningWork work)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Shared> _running = [];

    public async ValueTask<TValue> GetAsync(TKey key, LoadWish wish, CancellationToken cancellationToken)
    {
        for (var isAnew = false; ; isAnew = true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var shared = Join(key, wish, out var isFirst);
            if (isFirst) _ = RunAsync(key, shared);
            try
            {
                return await shared.Result.GetAsync(cancellationToken);
            }
            catch (MissingObjectException) when (!isFirst && !isAnew)
            {
                // A load that began before this caller came may have looked before the object stood: whoever reads ahead of a live lane does.
            }
            finally
            {
                Leave(key, shared);
            }
        }
    }

    private Shared Join(TKey key, LoadWish wish, out bool isFirst)
    {
        lock (_gate)
        {
            isFirst = !_running.TryGetValue(key, out var shared);
            if (isFirst) _running[key] = shared = new Shared(new LoadUrgency(permits, wish));
            else shared!.Urgency.Add(wish);
            shared!.Waiting++;
            return shared;
        }
    }

    private async Task RunAsync(TKey key, Shared shared)
    {
        work.Begin();
        try
        {
            var value = await load(key, shared.Urgency, shared.Abandoned.Token);
            Forget(key, shared);
            shared.Result.Set(value);
        }
        catch (Exception failure)
        {
            Forget(key, shared);
            shared.Result.Fail(failure);
        }
        finally
        {
            work.End();
        }
    }

    private void Leave(TKey key, Shared shared)
    {
        lock (_gate)
        {
            if (--shared.Waiting > 0 || !IsRunning(key, shared)) return;
            _running.Remove(key);
        }

        shared.Abandoned.Cancel();
    }

    private void Forget(TKey key, Shared shared)
    {
        lock (_gate)
        {
            if (IsRunning(key, shared)) _running.Remove(key);
        }
    }

    // After it was abandoned, the key may have another one.
    private bool IsRunning(TKey key, Shared shared) => _running.TryGetValue(key, out var running) && running == shared;

    private sealed class Shared(LoadUrgency urgency)
    {
        public LoadUrgency Urgency => urgency;

        public SharedResult<TValue> Result { get; } = new();

        public CancellationTokenSource Abandoned { get; } = new();

        public int Waiting { get; set; }
    }
}
