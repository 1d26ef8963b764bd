using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Ownership;

public sealed class ReleasedLogCodecTests
{
    private static readonly SessionId Session = new(new BrokerId(3), new Guid(1, 1, 1, new byte[8]));

    [Fact]
    public void A_log_that_was_let_go_of_arrives_as_it_left()
    {
        foreach (var log in new[] { Log(0, 0), Log(3, 2), Log(2, 0), Log(0, 4) })
        {
            var read = ReleasedLogCodec.Read(ReleasedLogCodec.Write(log));

            Assert.Equal(log.Stored.ETag, read.Stored.ETag);
            Assert.Equal(log.Extents, read.Extents);
            Assert.Equal(log.Stored.Manifest.Extents, read.Stored.Manifest.Extents);
            Assert.Equal(log.Stored.Manifest with { Extents = [], Epochs = [], PendingDelete = [] }, read.Stored.Manifest with { Extents = [], Epochs = [], PendingDelete = [] });
            Assert.Equal(log.Stored.Manifest.Epochs, read.Stored.Manifest.Epochs);
        }
    }

    [Fact]
    public void Extents_that_differ_from_the_manifest_s_in_the_middle_are_said_whole()
    {
        var log = Log(3, 0);
        var other = log with { Extents = [log.Extents[0], Segment(7, 7)] };

        Assert.Equal(other.Extents, ReleasedLogCodec.Read(ReleasedLogCodec.Write(other)).Extents);
    }

    [Fact]
    public void Bytes_that_are_cut_off_or_go_on_are_refused_wherever_that_is()
    {
        var bytes = ReleasedLogCodec.Write(Log(2, 2));
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<FormatException>(() => ReleasedLogCodec.Read(bytes.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => ReleasedLogCodec.Read([.. bytes, 0]));
        bytes[0]++;
        Assert.Throws<FormatException>(() => ReleasedLogCodec.Read(bytes));
    }

    private static ReleasedLog Log(int stood, int added)
    {
        var manifest = new Manifest
        {
            Partition = new PartitionId(new TopicId(new Guid(5, 5, 5, new byte[8])), 4),
            ClusterGeneration = 2,
            Epoch = new LeaderEpoch(9),
            Owner = Session,
            LogStart = new Offset(0),
            Extents = [.. Enumerable.Range(0, stood).Select(index => Segment(index, index))],
            Epochs = [new EpochStart(new LeaderEpoch(9), new Offset(0))],
            PendingDelete = ["p/old"],
            Nonce = new Guid(8, 8, 8, new byte[8]),
        };
        return new ReleasedLog(new StoredManifest(manifest, new ETag("\"0x8D\"")), [.. manifest.Extents, .. Enumerable.Range(stood, added).Select(index => Segment(index, index))]);
    }

    private static SegmentExtent Segment(int first, int last) => new($"p/{first}", new LeaderEpoch(9), new Offset(first), new Offset(last), 10, 1);
}
