using Microsoft.Extensions.Time.Testing;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Cluster;

public sealed class ReleaseDeskTests
{
    private static readonly PartitionId Partition = new(new TopicId(new Guid(5, 5, 5, new byte[8])), 0);
    private static readonly SessionId Session = new(new BrokerId(1), new Guid(2, 2, 2, new byte[8]));

    // Both sides of the limit: a log that fits alone and not beside the producers, and one that fits beside them.
    [Theory, InlineData(1000), InlineData(7000), InlineData(20_000)]
    public async Task No_call_carries_more_than_its_bound_whatever_an_answer_has_of_producers(int extents)
    {
        var answer = new ReleaseAnswer(ReleaseVerdict.Prepared, Log(extents), new ServedProducers(new byte[256 * 1024], 77));
        var desk = new ReleaseDesk(new Releases(answer), new FakeTimeProvider());

        var reply = await desk.PrepareAsync(Partition, Session);

        Assert.Equal((answer.Producers!.Image, 77L), (reply.Producers, reply.ProducerBytes));
        var bytes = new List<byte>(reply.Log);
        for (var part = reply; bytes.Count < reply.TotalBytes; bytes.AddRange(part.Log))
        {
            Assert.InRange(part.Log.Length + (part.Producers?.Length ?? 0), 1, IBrokerService.MaxBytes);
            part = desk.Rest(reply.Answer!.Value, bytes.Count)!;
        }

        Assert.InRange(reply.Log.Length + reply.Producers!.Length, 1, IBrokerService.MaxBytes);
        Assert.Equal(answer.Log!.Extents, ReleasedLogCodec.Read([.. bytes]).Extents);
    }

    // "Not the owner" would be taken for a session that is to be fenced.
    [Fact]
    public async Task A_broker_that_stops_says_nothing_of_who_owns_a_partition()
    {
        var desk = new ReleaseDesk(new Releases(new ReleaseAnswer(ReleaseVerdict.NoAnswer)), new FakeTimeProvider());

        await Assert.ThrowsAsync<TimeoutException>(() => desk.ReleaseAsync(Partition, Session));
    }

    private static ReleasedLog Log(int extents)
    {
        var manifest = new Manifest { Partition = Partition, Epoch = LeaderEpoch.None.Next, Owner = Session, Nonce = new Guid(1, 1, 1, new byte[8]) };
        return new ReleasedLog(
            new StoredManifest(manifest, new ETag("1")),
            [.. Enumerable.Range(0, extents).Select(static index => new SegmentExtent($"p/{index:d80}", LeaderEpoch.None.Next, new Offset(index), new Offset(index), 10, -1))]);
    }

    private sealed class Releases(ReleaseAnswer answer) : IPartitionReleases
    {
        public ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) => ValueTask.FromResult(answer);

        public ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) => ValueTask.FromResult(answer);
    }
}
