using System.Buffers;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Conformance;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>A lane over a simulated container, moved by the test alone, and a reader of it.</summary>
internal sealed class ReadingBench : IExtentBench
{
    private static readonly SessionId TheSession = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    private readonly StepScheduler _dispatcher = new();
    private readonly BlobLaneStore _store;

    /// <param name="options">Of the reader.</param>
    /// <param name="before">Stands between the reader and the container.</param>
    /// <param name="scheduler">Where reads run.</param>
    /// <param name="meters">Where the reader makes its meter.</param>
    /// <param name="blockBytes">The most that goes into one block.</param>
    public ReadingBench(BlobReadingOptions? options = null, Func<IBlobContainer, IBlobContainer>? before = null, TaskScheduler? scheduler = null, IMeterFactory? meters = null, int blockBytes = 4 * Limits.MiB)
    {
        Blobs = new SimulatedBlobs(Time);
        var undecided = new UndecidedPuts(Time, new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        _store = new BlobLaneStore(new BlobLaneSetup { Container = Blobs, Session = TheSession, Undecided = undecided });
        Lane = new Lane(new LaneSetup
        {
            Session = TheSession,
            Store = _store,
            Sessions = new MemorySessionStore(),
            ClosedEpochs = new ClosedEpochs(),
            Slabs = LaneSlabs,
            Time = Time,
            Random = new Random(2),
            Dispatcher = _dispatcher,
            WakeWriter = static () => { },
            BlockBytes = blockBytes,
        });
        Reader = new BlobExtentReader(new BlobReadingSetup
        {
            Container = before?.Invoke(Blobs) ?? Blobs,
            Slabs = Slabs,
            Time = Time,
            Options = options ?? new BlobReadingOptions(),
            Scheduler = scheduler ?? TaskScheduler.Default,
            Meters = meters,
        });
    }

    public FakeTimeProvider Time { get; } = new();

    public SimulatedBlobs Blobs { get; }

    public Lane Lane { get; }

    /// <summary>Of the lane.</summary>
    public SlabPool LaneSlabs { get; } = new();

    /// <summary>Of the reader.</summary>
    public SlabPool Slabs { get; } = new();

    public BlobExtentReader Reader { get; }

    IExtentReader IExtentBench.Reader => Reader;

    public RecordingOwner Owner { get; } = new();

    public string NameOf(long slot) => BlobNames.BlockOf(TheSession, new Slot(slot));

    /// <summary>Names of what the reader asked for so far.</summary>
    public IEnumerable<string> Reads => Blobs.Calls.Where(call => call.Kind == BlobCallKind.Read).Select(call => call.Name);

    /// <summary>Appends frames of one offset each.</summary>
    public void Append(int partition, long first, int count = 1, int length = 100)
    {
        for (var i = 0; i < count; i++) Assert.Equal(EnqueueStatus.Accepted, Lane.Append(LaneCalls.Request(Lane.PartitionOf(LaneCalls.Partition(partition)), Owner, first + i, length)));
    }

    /// <summary>Has the lane use blocks of up to 4 MiB, as it does once it has had to. Answers its next slot; what was asked for so far is forgotten.</summary>
    public long GrowBlocks()
    {
        for (var batch = 0; batch < 3; batch++)
        {
            Append(99, batch * 6, 6, (Limits.MiB * 4) - 1_000);
            Seal();
        }

        Blobs.Calls.Clear();
        return Lane.PublishedEnd.Value;
    }

    public void Seal()
    {
        while (Lane.WriteSealed())
        {
        }

        _dispatcher.RunAll();
    }

    public ValueTask SealAsync()
    {
        Seal();
        return ValueTask.CompletedTask;
    }

    public ValueTask FlipAsync(Slot slot, int position)
    {
        Blobs[NameOf(slot.Value)][position] ^= 0x10;
        return ValueTask.CompletedTask;
    }

    public async ValueTask RemoveAsync()
    {
        foreach (var name in Blobs.Names.Where(name => name.StartsWith("w/", StringComparison.Ordinal))) await Blobs.DeleteAsync(name, CancellationToken.None);
    }

    /// <summary>Makes an object.</summary>
    public void Put(string name, byte[] bytes) =>
        Assert.Equal(BlobOutcome.Written, Blobs.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected: null, Guid.Empty, CancellationToken.None).AsTask().GetAwaiter().GetResult().Outcome);

    public List<WalExtent> Extents(int partition = 0)
    {
        var extents = new List<WalExtent>();
        Lane.Index.CopyTo(LaneCalls.Partition(partition), Offset.Zero, extents);
        return extents;
    }

    /// <summary>Base offsets of what a read gives, whose bytes are compared.</summary>
    public async Task<List<long>> ReadAsync(Extent extent, long from, int maxBytes = int.MaxValue, int partition = 0, IExtentReader? by = null)
    {
        using var frames = new FrameList();
        await (by ?? Reader).ReadAsync(LaneCalls.Partition(partition), extent, new Offset(from), maxBytes, frames, TestContext.Current.CancellationToken);
        return Offsets(frames);
    }

    /// <summary>Base offsets of frames whose bytes are as <see cref="LaneCalls.Fill"/> makes them.</summary>
    public static List<long> Offsets(FrameList frames)
    {
        var offsets = new List<long>();
        for (var i = 0; i < frames.Count; i++)
        {
            var offset = frames[i].Entry.BaseOffset.Value;
            var bytes = frames[i].Bytes.Span;
            Assert.Equal(((byte)offset, (byte)(offset + bytes.Length - 1)), (bytes[0], bytes[^1]));
            offsets.Add(offset);
        }

        return offsets;
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.DisposeAsync();
        Assert.Empty(Slabs.Leases.Open);
        Assert.Equal(0, Slabs.Leases.Total);
        Assert.Equal(0, Slabs.BytesOut);
        Lane.Abort(new LaneEnd("The test is over.", null));
        Seal();
        await _store.DisposeAsync();
        Assert.Equal(0, LaneSlabs.Leases.Total);
        Slabs.Dispose();
        LaneSlabs.Dispose();
    }
}
