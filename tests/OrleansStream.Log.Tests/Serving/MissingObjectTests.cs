using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

/// <summary>Rule D2: a reader that does not find an object looks at the newest manifest once, and only then tells of an error.</summary>
public sealed class MissingObjectTests : IDisposable
{
    private readonly CountingManifests _manifests = new();
    private readonly MemoryBroker _broker;
    private readonly PartitionHandle _handle;
    private readonly SegmentExtent _gone;

    public MissingObjectTests()
    {
        _broker = new MemoryBroker(tailBytes: 0, manifests: _manifests);
        _handle = _broker.Open();
        _broker.AppendDurably(_handle, 4);
        _gone = _broker.Extents.Cut(_handle.Id, Offset.Zero, new Offset(3), _handle.Epoch);
        _handle.ApplyManifest(_handle.Manifest with { Extents = [_gone] });
        _broker.Lane.Lane.Index.ForgetBelow(_handle.Id, new Offset(4));
        _broker.Extents.Fault = extent => extent == _gone ? new MissingObjectException(_gone.Name) : null;
    }

    public void Dispose() => _broker.Dispose();

    [Fact]
    public void What_the_newest_manifest_names_instead_is_read()
    {
        var merged = _broker.Extents.Cut(_handle.Id, Offset.Zero, new Offset(3), _handle.Epoch);
        _manifests.Newest = _handle.Manifest with { Extents = [merged], LogStart = new Offset(1) };

        Assert.Equal([1, 2, 3], Reading.BaseOffsets(_handle, new Offset(1)));
        Assert.Equal(1, _manifests.Reads);
        Assert.Equal([merged], _handle.Manifest.Extents);
        Assert.Equal(new Offset(1), _handle.LogStart);
        Assert.Empty(_broker.ReadFailures);
    }

    [Fact]
    public void What_is_gone_from_the_newest_manifest_too_is_an_error_that_names_it()
    {
        _manifests.Newest = _handle.Manifest;

        Assert.Equal(ErrorCode.KafkaStorageError, Read().Error);
        Assert.Equal(1, _manifests.Reads);
        Assert.Equal(_gone.Name, Assert.IsType<MissingObjectException>(Assert.Single(_broker.ReadFailures)).Name);
    }

    [Theory]
    [InlineData(false, ErrorCode.NotLeaderOrFollower)]
    [InlineData(true, ErrorCode.UnknownTopicOrPartition)]
    public void A_partition_that_was_taken_over_or_deleted_is_closed(bool isDeleted, ErrorCode expected)
    {
        _manifests.Newest = _handle.Manifest with { Epoch = _handle.Epoch.Next, Owner = new SessionId(new BrokerId(2), new Guid(1, 1, 1, new byte[8])), Deleted = isDeleted };

        Assert.Equal(expected, Read().Error);
        Assert.Equal(expected, _handle.Closed);
        Assert.Empty(_broker.ReadFailures);
    }

    [Fact]
    public void A_manifest_that_cannot_be_read_leaves_the_one_at_hand_in_force()
    {
        _manifests.Failure = new StorageException("m/1", "Read", "the account is out of reach") { IsTransient = true };

        Assert.Equal(ErrorCode.KafkaStorageError, Read().Error);
        Assert.True(_handle.IsOwner);
        Assert.IsType<MissingObjectException>(Assert.Single(_broker.ReadFailures));
    }

    [Fact]
    public void Damage_is_no_reason_to_read_the_manifest()
    {
        _broker.Extents.Fault = _ => new CorruptBlockException(_gone.Name, 7, "damaged");

        Assert.Equal(ErrorCode.KafkaStorageError, Read().Error);
        Assert.Equal(0, _manifests.Reads);
    }

    [Fact]
    public void Where_nobody_else_changes_manifests_none_is_read()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);
        broker.Extents.Fault = _ => new MissingObjectException("w/1");
        using var frames = new FrameList();

        Assert.Equal(ErrorCode.KafkaStorageError, Reading.Read(handle, Offset.Zero, frames).Error);
        Assert.Equal(2, broker.Extents.Reads);
    }

    private ReadOutcome Read()
    {
        using var frames = new FrameList();
        return Reading.Read(_handle, Offset.Zero, frames);
    }

    private sealed class CountingManifests : IManifestStore
    {
        public Manifest? Newest { get; set; }

        public LogException? Failure { get; set; }

        public int Reads { get; private set; }

        public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken)
        {
            Reads++;
            return Failure is null ? new(Newest is null ? null : new StoredManifest(Newest, new ETag("1"))) : throw Failure;
        }

        public ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken) => throw new InvalidOperationException("A read writes nothing.");

        public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("A read lists nothing.");
    }
}
