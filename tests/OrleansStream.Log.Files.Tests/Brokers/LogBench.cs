using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>A whole log of a broker on a simulated disk, with its own threads. Started again on the same disk it is the next process.</summary>
internal sealed class LogBench : IAsyncDisposable
{
    private static readonly DataDirectoryIdentity Identity = new(DataDirectoryIdentity.NewClusterId(new Guid(1, 2, 3, new byte[8])), new BrokerId(1));
    private readonly string _path = Directory.CreateTempSubdirectory("orleansstream-log-").FullName;
    private DataDirectory? _directory;
    private int _starts;

    /// <summary>A partition to use where any will do.</summary>
    public static PartitionId Partition { get; } = PartitionOf(0);

    public SimulatedDisk Disk { get; private set; } = new();

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));

    /// <summary>Of the next start.</summary>
    public FileLaneOptions Lane { get; set; } = new() { FileBytes = 2L * Limits.MaxBlockBytes, ReserveBytes = 0 };

    /// <summary>What an operator was told.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Which partitions an operator was told of as refused.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>The running log.</summary>
    public FileLog Log { get; private set; } = null!;

    /// <summary>Whether the catalog knows the topics of partitions that are opened for the first time.</summary>
    public bool TopicsExist { get; set; } = true;

    public static PartitionId PartitionOf(int index) => new(new TopicId(new Guid(7, 0, 0, new byte[8])), index);

    public static async Task<LogBench> StartedAsync()
    {
        return await StartedAsync(lane: null);
    }

    /// <param name="lane">For its lane; null for files of 32 MiB without a reserve.</param>
    public static async Task<LogBench> StartedAsync(FileLaneOptions? lane)
    {
        var bench = new LogBench();
        if (lane is not null) bench.Lane = lane;
        await bench.StartAsync();
        return bench;
    }

    /// <summary>Ends the log in order and begins the next process on the same disk.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>The power goes; the next process finds what a disk may then hold.</summary>
    public async Task CutPowerAsync(int seed)
    {
        // The dead process is left as it is: nothing of it runs while its disk is not used, and its lock has gone with it.
        Disk = Disk.CutPower(seed);
        _directory?.Dispose();
        await StartAsync();
    }

    public async Task<PartitionHandle> OpenAsync(PartitionId? partition = null)
    {
        var opened = await Log.OpenAsync(partition ?? Partition, new PartitionSettings(), TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCode.None, opened.Error);
        return opened.Handle!;
    }

    /// <summary>Appends one record and waits until it is durable or known to have failed.</summary>
    public static Task<AppendOutcome> AppendAsync(PartitionHandle handle, string value) => AppendAsync(handle, new BatchBuilder().Record(value));

    /// <summary>Appends a batch and waits until it is durable or known to have failed.</summary>
    public static async Task<AppendOutcome> AppendAsync(PartitionHandle handle, BatchBuilder builder)
    {
        var completion = new Completion();
        var batch = builder.Build();
        while (handle.Append(batch, new AppendContext(ZstdAllowed: true), completion, 0) == AppendStatus.Full) await handle.RoomAsync(TestContext.Current.CancellationToken);
        return await completion.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Appends records that must become durable.</summary>
    public static async Task AppendDurablyAsync(PartitionHandle handle, params string[] values)
    {
        foreach (var value in values) Assert.Equal(ErrorCode.None, (await AppendAsync(handle, value)).Error);
    }

    /// <summary>Base offsets of the batches that a reader finds from log start to the end.</summary>
    public static async Task<IReadOnlyList<long>> OffsetsAsync(PartitionHandle handle)
    {
        var offsets = new List<long>();
        for (var at = handle.LogStart; at < handle.HighWatermark;)
        {
            using var frames = new FrameList();
            var outcome = await handle.ReadAsync(new ReadRequest(at, Limits.MiB, AtLeastOne: true, Committed: false), frames, TestContext.Current.CancellationToken);
            Assert.Equal(ErrorCode.None, outcome.Error);
            Assert.True(frames.Count > 0, $"Nothing stands at {at}.");
            for (var index = 0; index < frames.Count; index++) offsets.Add(frames[index].Entry.BaseOffset.Value);
            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }

        return offsets;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_path, recursive: true);
    }

    public async Task StopAsync()
    {
        if (_directory is null) return;
        var (log, directory) = (Log, _directory);
        _directory = null;
        try
        {
            await log.DisposeAsync();
        }
        finally
        {
            directory.Dispose();
        }
    }

    /// <summary>After a start that was refused.</summary>
    public void GiveUpDirectory()
    {
        _directory?.Dispose();
        _directory = null;
    }

    /// <summary>Kill -9: the next process finds what was written.</summary>
    public async Task KillAsync(Action<SimulatedDisk>? beforeStart = null)
    {
        Disk = Disk.Kill();
        beforeStart?.Invoke(Disk);
        _directory!.Dispose();
        await StartAsync();
    }

    public async Task StartAsync()
    {
        _directory = DataDirectory.Open(_path, _ => Disk, Identity);
        Log = await FileLog.StartAsync(
            new FileLogSetup
            {
                Directory = _directory,
                Time = Time,
                Random = new Random(++_starts),
                ConfirmTopic = (_, _) => ValueTask.FromResult(TopicsExist),
                Note = (text, _) =>
                {
                    lock (Notes) Notes.Add(text);
                },
                NoteFault = text =>
                {
                    lock (Faults) Faults.Add(text);
                },
                NameOf = static partition => partition == Partition ? "orders-0" : null,
                Lane = Lane,
            },
            TestContext.Current.CancellationToken);
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
