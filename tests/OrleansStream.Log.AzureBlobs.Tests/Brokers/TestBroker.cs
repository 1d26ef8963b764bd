using System.Text;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>A broker of a <see cref="TestCluster"/>, with the thread of its lane.</summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private int _isDisposed;

    private TestBroker(TestCluster cluster, int id)
    {
        Id = new BrokerId(id);
        Owners = new TestOwners(cluster);
        Container = new FreezableContainer(cluster.Container);
    }

    public BrokerId Id { get; }

    public BlobLog Log { get; private set; } = null!;

    public TestOwners Owners { get; }

    public FreezableContainer Container { get; }

    /// <summary>Whether membership has declared it dead, whatever it does.</summary>
    public bool IsDead { get; set; }

    /// <summary>What an operator was told.</summary>
    public List<string> Notes { get; } = [];

    public SessionId Session => Log.Lanes.Current.Session;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts a broker whose records never wait for company, since time stands still here unless a test lets it go by.</summary>
    public static async Task<TestBroker> StartAsync(TestCluster cluster, int id, string silo, Func<BlobLogSetup, BlobLogSetup>? change = null)
    {
        var broker = new TestBroker(cluster, id);
        var record = new BrokerRecord
        {
            Broker = broker.Id,
            ClusterId = TestCluster.ClusterId,
            SiloAddress = silo,
            SiloName = $"broker-{id}",
            Session = default,
            Listeners = [],
            Version = "test",
        };
        var setup = new BlobLogSetup
        {
            Container = broker.Container,
            Registration = new BrokerRegistration(new BlobBrokerRegistry(broker.Container, cluster.Undecided, 0), record, static (_, _) => ValueTask.FromResult(true)),
            Owners = () => broker.Owners,
            Undecided = cluster.Undecided,
            Time = cluster.Time,
            Random = new Random(silo.Length + id),
            ConfirmTopic = static (_, _) => ValueTask.FromResult(true),
            Note = broker.Note,
            NoteFault = text => broker.Note(text, null),
            Linger = new LingerOptions { Low = TimeSpan.Zero, Balanced = TimeSpan.Zero, Economy = TimeSpan.Zero },
        };
        broker.Log = await BlobLog.StartAsync(change?.Invoke(setup) ?? setup, Token);
        return broker;
    }

    public async Task<PartitionHandle> OpenAsync(PartitionId? partition = null, PartitionSettings? settings = null)
    {
        var opened = await Log.OpenAsync(partition ?? TestCluster.Partition, settings ?? new PartitionSettings(), Token);
        Assert.True(opened.Error == ErrorCode.None, $"The open was answered {opened.Error}. {string.Join(' ', Notes.TakeLast(8))}");
        return opened.Handle!;
    }

    /// <summary>Waits for the handle that takes the place of one that was closed, which nobody asks for.</summary>
    public async Task<PartitionHandle> ReopenedAsync(PartitionHandle closed)
    {
        PartitionHandle? handle = null;
        await Until.SoAsync(() => Log.Handles.TryGet(closed.Id, out handle) && handle != closed && handle.IsOwner);
        return handle!;
    }

    /// <summary>Appends records that must become durable, one batch each.</summary>
    public static async Task AppendDurablyAsync(PartitionHandle handle, params string[] values)
    {
        foreach (var value in values) Assert.Equal(ErrorCode.None, (await AppendAsync(handle, new BatchBuilder().Record(value))).Error);
    }

    /// <summary>Appends a batch; the answer comes when it is durable or known to have failed.</summary>
    public static Task<AppendOutcome> AppendAsync(PartitionHandle handle, BatchBuilder builder)
    {
        var completion = new Completion();
        Assert.Equal(AppendStatus.Begun, handle.Append(builder.Build(), new AppendContext(ZstdAllowed: true), completion, 0));
        return completion.Task.WaitAsync(Token);
    }

    /// <summary>The values of all records, from log start to the end.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(PartitionHandle handle)
    {
        var values = new List<string>();
        for (var at = handle.LogStart; at < handle.HighWatermark;)
        {
            using var frames = new FrameList();
            var outcome = await handle.ReadAsync(new ReadRequest(at, Limits.MiB, AtLeastOne: true, Committed: false), frames, Token);
            Assert.Equal(ErrorCode.None, outcome.Error);
            Assert.True(frames.Count > 0, $"Nothing stands at {at}.");
            for (var index = 0; index < frames.Count; index++)
            {
                Assert.Equal(at, frames[index].Entry.BaseOffset);
                values.Add(ValueOf(frames[index].Bytes.Span));
                at = frames[index].Entry.LastOffset + 1;
            }
        }

        return values;
    }

    /// <summary>Ends it in order, once.</summary>
    public ValueTask DisposeAsync()
    {
        Container.Thaw();
        return Interlocked.Exchange(ref _isDisposed, 1) == 0 ? Log.DisposeAsync() : ValueTask.CompletedTask;
    }

    private static string ValueOf(ReadOnlySpan<byte> batch)
    {
        var records = new RecordReader(batch[RecordBatchLayout.Records..]);
        Assert.True(records.TryRead(out var record));
        return Encoding.UTF8.GetString(record.Value);
    }

    private void Note(string text, Exception? error)
    {
        lock (Notes) Notes.Add($"{text} {error?.Message}");
    }

    private sealed class Completion : TaskCompletionSource<AppendOutcome>, IAppendCompletion
    {
        public Completion()
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
        }

        public new Task<AppendOutcome> Task => base.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => SetResult(outcome);
    }
}
