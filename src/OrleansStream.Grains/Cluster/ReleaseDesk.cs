using System.Collections.Concurrent;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Log;
using OrleansStream.Log.Ownership;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>Lets go of partitions for other brokers, in answers of a size that may travel between silos.</summary>
internal sealed class ReleaseDesk(IPartitionReleases releases, TimeProvider time)
{
    // Only logs of many thousand extents are longer than one call carries: a few at once are many.
    private const int MaxKept = 64;
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, Kept> _kept = new();

    /// <exception cref="TimeoutException">It takes longer than a grain call may, or storage failed. Whoever claims does without, or asks again.</exception>
    public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => AnswerAsync(partition, releases.PrepareAsync(partition, owner, CancellationToken.None));

    /// <exception cref="TimeoutException">It takes longer than a grain call may, or storage failed. The release may be asked for again, and joins what runs.</exception>
    public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => AnswerAsync(partition, releases.ReleaseAsync(partition, owner, CancellationToken.None));

    private async Task<ReleaseReply> AnswerAsync(PartitionId partition, ValueTask<ReleaseAnswer> running)
    {
        ReleaseAnswer answer;
        try
        {
            answer = await running.AsTask().WaitAsync(Limits.GrainCall, time);
        }
        catch (LogException exception)
        {
            throw new TimeoutException($"Partition {partition} cannot be let go of now: {exception.Message}");
        }

        if (answer.Verdict == ReleaseVerdict.Unprepared)
        {
            return new ReleaseReply(true, [], null, 0);
        }

        if (answer.Verdict == ReleaseVerdict.NoAnswer)
        {
            // "Not the owner" would have this broker's session fenced, whose other partitions may still be handed over.
            throw new TimeoutException($"Partition {partition} is not let go of any more: the broker stops.");
        }

        if (answer is not { Verdict: ReleaseVerdict.Released or ReleaseVerdict.Prepared, Log: { } log })
        {
            return new ReleaseReply(false, [], null, 0);
        }

        // What is too large to travel beside a part of the log is left out: the claimant reads it.
        var producers = answer.Producers is { } known && known.Image.Length <= IBrokerService.MaxBytes / 2 ? known : null;
        var reply = Begin(ReleasedLogCodec.Write(log), IBrokerService.MaxBytes - (producers?.Image.Length ?? 0));
        return producers is null ? reply : reply with { Producers = producers.Image, ProducerBytes = producers.Bytes };
    }

    /// <summary>What follows in an answer; null if it is not kept any more.</summary>
    public ReleaseReply? Rest(Guid answer, int from) =>
        _kept.TryGetValue(answer, out var kept) && from >= 0 && from < kept.Bytes.Length ? Part(answer, kept.Bytes, from, IBrokerService.MaxBytes) : null;

    private ReleaseReply Begin(byte[] bytes, int maxBytes)
    {
        if (bytes.Length <= maxBytes)
        {
            return new ReleaseReply(true, bytes, null, bytes.Length);
        }

        foreach (var (old, kept) in _kept)
        {
            if (time.GetElapsedTime(kept.Since) > KeptFor || _kept.Count >= MaxKept)
            {
                _kept.TryRemove(old, out _);
            }
        }

        var answer = Guid.NewGuid();
        _kept[answer] = new Kept(bytes, time.GetTimestamp());
        return Part(answer, bytes, 0, maxBytes);
    }

    private static ReleaseReply Part(Guid answer, byte[] bytes, int from, int maxBytes) =>
        new(true, bytes.AsSpan(from, Math.Min(maxBytes, bytes.Length - from)).ToArray(), answer, bytes.Length);

    private sealed record Kept(byte[] Bytes, long Since);
}
