using System.Diagnostics.Metrics;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>How long it takes until a partition has another owner: claims, releases for another broker, and recoveries of sessions that ended.</summary>
internal sealed class MoveTimes : IDisposable
{
    private const string Stopping = "stopping";

    private readonly TimeProvider _time;
    private readonly Meter? _meter;
    private readonly Histogram<double>? _claim;
    private readonly Histogram<double>? _prepare;
    private readonly Histogram<double>? _release;
    private readonly Histogram<double>? _recovery;

    /// <param name="factory">Where the meter is made; null for none.</param>
    /// <param name="time">The clock.</param>
    public MoveTimes(IMeterFactory? factory, TimeProvider time)
    {
        _time = time;
        _meter = factory?.Create("OrleansStream.Log");
        _claim = Of("orleansstream.partitions.claim.duration", "From the wish for a partition to its handle, by outcome: claimed, elsewhere (another broker owns it), failed.");
        _prepare = Of("orleansstream.partitions.prepare.duration", "From the request of another broker to make ready a partition that it is about to claim to the answer, by outcome: prepared, unprepared (there was nothing to gain, or it failed), elsewhere (this broker did not own it), stopping, failed.");
        _release = Of("orleansstream.partitions.release.duration", "From the request of another broker for a partition to the answer, by outcome: released, elsewhere (this broker did not own it), stopping, failed.");
        _recovery = Of("orleansstream.sessions.recovery.duration", "Fencing a session that ended and finding what it left, by outcome: recovered, failed.");
    }

    public async Task<OpenedHandle> ClaimAsync(Func<Task<OpenedHandle>> claim)
    {
        using var running = new Running(_claim, _time);
        var opened = await claim();
        running.Outcome = opened.Handle is not null ? "claimed" : opened.Error == ErrorCode.NotLeaderOrFollower ? "elsewhere" : "failed";
        return opened;
    }

    public ValueTask<ReleaseAnswer> PrepareAsync(ValueTask<ReleaseAnswer> preparation) => AnswerAsync(_prepare, preparation);

    public ValueTask<ReleaseAnswer> ReleaseAsync(ValueTask<ReleaseAnswer> release) => AnswerAsync(_release, release);

    /// <summary>Shows what was made ready for claims that have not come yet.</summary>
    public void Observe(PartitionRelease release)
    {
        _meter?.CreateObservableGauge("orleansstream.partitions.prepared", () => release.Prepared, "{partition}", "Partitions that were made ready for claims that have not come yet.");
        _meter?.CreateObservableCounter("orleansstream.partitions.prepare.bounded", () => release.BoundedPreparations, "{request}", "Preparations that cut nothing, since the partition was cut several times for claims that did not come.");
    }

    public async Task<T> RecoverAsync<T>(Func<Task<T>> recovery)
    {
        using var running = new Running(_recovery, _time);
        var found = await recovery();
        running.Outcome = "recovered";
        return found;
    }

    public void Dispose() => _meter?.Dispose();

    private async ValueTask<ReleaseAnswer> AnswerAsync(Histogram<double>? durations, ValueTask<ReleaseAnswer> asked)
    {
        using var running = new Running(durations, _time);
        try
        {
            var answer = await asked;
            running.Outcome = answer.Verdict switch
            {
                ReleaseVerdict.Released => "released",
                ReleaseVerdict.Prepared => "prepared",
                ReleaseVerdict.Unprepared => "unprepared",
                ReleaseVerdict.NoAnswer => Stopping,
                _ => "elsewhere",
            };
            return answer;
        }
        catch (OperationCanceledException)
        {
            // Those who ask cannot end what runs: only the end of this broker does.
            running.Outcome = Stopping;
            throw;
        }
    }

    private Histogram<double>? Of(string name, string description) => _meter?.CreateHistogram<double>(name, "s", description);

    private sealed class Running(Histogram<double>? durations, TimeProvider time) : IDisposable
    {
        private readonly long _began = time.GetTimestamp();

        public string Outcome { get; set; } = "failed";

        public void Dispose() => durations?.Record(time.GetElapsedTime(_began).TotalSeconds, new KeyValuePair<string, object?>("outcome", Outcome));
    }
}
