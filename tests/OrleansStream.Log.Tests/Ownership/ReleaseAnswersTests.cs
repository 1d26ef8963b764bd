using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Ownership;

public sealed class ReleaseAnswersTests
{
    private static readonly SessionId Session = new(new BrokerId(3), new Guid(1, 1, 1, new byte[8]));

    [Fact]
    public void An_answer_holds_while_manifest_and_owner_are_the_same()
    {
        var answers = new ReleaseAnswers();
        var log = Log(0, extents: 2);
        answers.Add(Session, log);

        Assert.Same(log, answers.Find(log.Stored, Session)!.Value.Log);
        Assert.Null(answers.Find(log.Stored with { ETag = new ETag("later") }, Session));
        Assert.Null(answers.Find(log.Stored, new SessionId(new BrokerId(3), new Guid(2, 2, 2, new byte[8]))));
    }

    [Fact]
    public void What_is_taken_is_given_once_and_only_to_its_session()
    {
        var answers = new ReleaseAnswers();
        var log = Log(0, extents: 2);
        answers.Add(Session, log);

        Assert.Null(answers.Take(log.Stored.Manifest.Partition, new SessionId(new BrokerId(3), new Guid(2, 2, 2, new byte[8]))));
        Assert.Same(log, answers.Take(log.Stored.Manifest.Partition, Session));
        Assert.Null(answers.Take(log.Stored.Manifest.Partition, Session));
    }

    [Fact]
    public void So_many_are_kept_and_the_oldest_is_forgotten()
    {
        var answers = new ReleaseAnswers();
        for (var partition = 0; partition < 1025; partition++) answers.Add(Session, Log(partition, extents: 0));

        Assert.Null(answers.Find(Log(0, extents: 0).Stored, Session));
        Assert.NotNull(answers.Find(Log(1, extents: 0).Stored, Session));
    }

    // A thousand partitions of two thousand segments each would take most of a gigabyte.
    [Fact]
    public void Those_of_long_logs_are_fewer_and_the_newest_is_kept_however_long()
    {
        var answers = new ReleaseAnswers(mostBytes: Limits.MiB);
        for (var partition = 0; partition < 4; partition++) answers.Add(Session, Log(partition, extents: 1_000));
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(Has));

        // An answer that takes the place of another counts once, and is the newest.
        for (var again = 0; again < 10; again++) answers.Add(Session, Log(2, extents: 1_000));
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(Has));
        answers.Add(Session, Log(0, extents: 1_000));
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(Has));

        answers.Add(Session, Log(1, extents: 10_000));
        Assert.Equal([false, true, false, false], Enumerable.Range(0, 4).Select(Has));

        bool Has(int partition) => answers.Find(Log(partition, extents: 0).Stored, Session) is not null;
    }

    private static ReleasedLog Log(int partition, int extents)
    {
        var manifest = new Manifest
        {
            Partition = new PartitionId(new TopicId(new Guid(5, 5, 5, new byte[8])), partition),
            Epoch = LeaderEpoch.None.Next,
            Owner = Session,
            Nonce = new Guid(1, 1, 1, new byte[8]),
        };
        return new ReleasedLog(
            new StoredManifest(manifest, new ETag("1")),
            [.. Enumerable.Range(0, extents).Select(static index => new SegmentExtent($"p/{index}", LeaderEpoch.None.Next, new Offset(index), new Offset(index), 10, -1))]);
    }
}
