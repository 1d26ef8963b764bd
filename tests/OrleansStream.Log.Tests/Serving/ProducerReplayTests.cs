using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Serving;

/// <summary>How an open reads what no snapshot of producers has, where reads are far away.</summary>
public sealed class ProducerReplayTests : IDisposable
{
    private const int Batches = 6;

    private readonly MemoryBroker _broker = new(tailBytes: 0);
    private readonly MemoryManifestStore _manifests = new();
    private readonly HeldExtents _held;
    private readonly PartitionHandle _before;

    public ProducerReplayTests()
    {
        _held = new HeldExtents(_broker.Extents);
        _before = _broker.Open();
        var extents = new List<Extent>();
        for (var batch = 0; batch < Batches; batch++)
        {
            _broker.Append(_before, BatchBuilder.OfProducer(7, 0, batch).Record("value"));
            _broker.Lane.Publish();
            extents.Add(_broker.Extents.Cut(_before.Id, new Offset(batch), new Offset(batch), _before.Epoch));
        }

        _before.ApplyManifest(_before.Manifest with { Extents = [.. extents] });
        _broker.Lane.Lane.Index.ForgetBelow(_before.Id, new Offset(Batches));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _broker.Dispose();

    // The first one tells whether these are record batches at all. Whatever order the answers come in, batches count in the order of the log.
    [Fact]
    public async Task Extents_are_asked_for_at_once_after_the_first_and_replayed_in_order()
    {
        var known = await _before.TakeProducersAsync(Token);
        var opening = OpenAsync(_held);

        Assert.Equal(1, _held.Count);
        _held.Release(0);
        while (_held.Count < Batches - 1) await Task.Yield();
        while (_held.Count > 0) _held.Release(_held.Count - 1);

        var opened = (await opening).Handle!;
        Assert.Equal(known!.Value.Encoded, (await opened.TakeProducersAsync(Token))!.Value.Encoded);
    }

    [Fact]
    public async Task One_that_cannot_be_read_fails_the_open_and_all_else_is_given_back()
    {
        var opening = OpenAsync(_held);
        _held.Release(0);
        while (_held.Count < Batches - 1) await Task.Yield();

        _held.Fail(1, new LogException("the account is gone"));
        while (_held.Count > 0) _held.Release(0);

        Assert.Equal("the account is gone", (await Assert.ThrowsAsync<LogException>(() => opening)).Message);
    }

    [Fact]
    public async Task Without_a_reader_of_their_own_opens_ask_for_one_extent_after_the_other()
    {
        Assert.True((await OpenAsync(own: null)).Handle!.IsOwner);
        Assert.Equal(Batches, _broker.Extents.Reads);
    }

    private async Task<OpenOutcome> OpenAsync(IExtentReader? own)
    {
        await _manifests.CompareAndSetAsync(_before.Manifest, null, Token);
        var opener = new PartitionOpener(new PartitionOpenerParts
        {
            Manifests = _manifests,
            CurrentLane = () => _broker.Lane.Lane,
            Recovered = new NothingRecovered(),
            Handles = _broker.Handles,
            Serving = _broker.Parts,
            Extents = own,
            Objects = new MemoryObjectStore(),
            ConfirmTopic = static (_, _) => new(true),
            Random = new Random(1),
            Time = _broker.Time,
        });
        return await opener.OpenAsync(_before.Id, new PartitionSettings(), Token);
    }

    private sealed class NothingRecovered : IRecoveredSessions
    {
        public ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) => new([]);
    }

    /// <summary>Reads that wait until the test lets them go.</summary>
    private sealed class HeldExtents(IExtentReader extents) : IExtentReader
    {
        private readonly List<TaskCompletionSource> _held = [];

        public int Count
        {
            get
            {
                lock (_held) return _held.Count;
            }
        }

        public void Release(int index) => Take(index).SetResult();

        public void Fail(int index, LogException failure) => Take(index).SetException(failure);

        public async ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_held) _held.Add(turn);
            await turn.Task;
            await extents.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);
        }

        private TaskCompletionSource Take(int index)
        {
            lock (_held)
            {
                var turn = _held[index];
                _held.RemoveAt(index);
                return turn;
            }
        }
    }
}
