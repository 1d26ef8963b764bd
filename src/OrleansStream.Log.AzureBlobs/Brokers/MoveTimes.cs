using System.Diagnostics.Metrics;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>How long it takes until a partition has another owner: claims, releases for another broker, and recoveries of sessions that ended.</summary>
internal sealed class MoveTimes : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Meter? _meter;
    private readonly Histogram<double>? _claim;
    private readonly Histogram<double>? _release;
    private readonly Histogram<double>? _recovery;

    /// <param name="factory">Where the meter is made; null for none.</param>
    /// <param name="time">The clock.</param>
    public MoveTimes(IMeterFactory? factory, TimeProvider time)
    {
        _time = time;
        _meter = factory?.Create("OrleansStream.Log");
        _claim = Of("orleansstream.partitions.claim.duration", "From the wish for a partition to its handle, by outcome: claimed, elsewhere (another broker owns it), failed.");
        _release = Of("orleansstream.partitions.release.duration", "From the request of another broker for a partition to the answer, by outcome: released, elsewhere (this broker did not own it), failed.");
        _recovery = Of("orleansstream.sessions.recovery.duration", "Fencing a session that ended and finding what it left, by outcome: recovered, failed.");
    }

    public async Task<OpenedHandle> ClaimAsync(Func<Task<OpenedHandle>> claim)
    {
        using var running = new Running(_claim, _time);
        var opened = await claim();
        running.Outcome = opened.Handle is not null ? "claimed" : opened.Error == ErrorCode.NotLeaderOrFollower ? "elsewhere" : "failed";
        return opened;
    }

    public async ValueTask<ReleaseAnswer> ReleaseAsync(ValueTask<ReleaseAnswer> release)
    {
        using var running = new Running(_release, _time);
        var answer = await release;
        running.Outcome = answer.Verdict == ReleaseVerdict.Released ? "released" : "elsewhere";
        return answer;
    }

    public async Task<T> RecoverAsync<T>(Func<Task<T>> recovery)
    {
        using var running = new Running(_recovery, _time);
        var found = await recovery();
        running.Outcome = "recovered";
        return found;
    }

    public void Dispose() => _meter?.Dispose();

    private Histogram<double>? Of(string name, string description) => _meter?.CreateHistogram<double>(name, "s", description);

    private sealed class Running(Histogram<double>? durations, TimeProvider time) : IDisposable
    {
        private readonly long _began = time.GetTimestamp();

        public string Outcome { get; set; } = "failed";

        public void Dispose() => durations?.Record(time.GetElapsedTime(_began).TotalSeconds, new KeyValuePair<string, object?>("outcome", Outcome));
    }
}
