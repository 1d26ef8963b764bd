using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>The whole log on a real disk: what it takes of it, and that nothing is lost on the way out of the WAL.</summary>
public sealed class WalCapTests : IDisposable
{
    private const int Batches = 220;

    private static readonly FileLaneOptions SmallWal = new() { FileBytes = 32L * Limits.MiB, MaxWalBytes = 96L * Limits.MiB, BlockBytes = Limits.MiB };
    private static readonly PartitionSettings Keep = new() { MaxMessageBytes = 4 * Limits.MiB, RetentionMs = -1 };

    private readonly string _path = Directory.CreateTempSubdirectory("orleansstream-test-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public async Task F5_the_WAL_stays_under_its_cap_under_sustained_load_and_everything_can_be_read_also_after_a_restart()
    {
        using var directory = OpenDirectory();
        var (large, small) = (PartitionOf(0), PartitionOf(1));
        var most = 0L;
        await using (var log = await StartAsync(directory))
        {
            var (first, second) = (await OpenAsync(log, large), await OpenAsync(log, small));
            for (var i = 0; i < Batches; i++)
            {
                await AppendAsync(first, i, Limits.MiB);
                await AppendAsync(second, i, 500);
                most = Math.Max(most, WalBytes());
            }

            await ReadAllAsync(first, Limits.MiB);
            await ReadAllAsync(second, 500);
        }

        Assert.InRange(most, 2 * SmallWal.FileBytes, SmallWal.MaxWalBytes);
        await using var again = await StartAsync(directory);
        await ReadAllAsync(await OpenAsync(again, large), Limits.MiB);
        await ReadAllAsync(await OpenAsync(again, small), 500);
    }

    [Fact]
    public async Task D3_a_deleted_topic_gives_its_bytes_back_to_the_disk()
    {
        using var directory = OpenDirectory();
        await using var log = await StartAsync(directory, SmallWal.FileBytes * 8);
        var (deleted, kept) = (await OpenAsync(log, PartitionOf(0)), await OpenAsync(log, PartitionOf(1)));
        for (var i = 0; i < 80; i++) await AppendAsync(deleted, i, Limits.MiB);
        await AppendAsync(kept, 0, 500);
        var before = WalBytes();
        Assert.True(before >= 3 * SmallWal.FileBytes);

        await log.DeleteAsync(deleted.Id, Token);
        while (WalBytes() > before - (2 * SmallWal.FileBytes)) await Task.Delay(TimeSpan.FromMilliseconds(50), Token);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, deleted.Closed);
        await ReadAllAsync(kept, 500, batches: 1);
    }

    private static PartitionId PartitionOf(int index) => new(new TopicId(new Guid(3, 0, 0, new byte[8])), index);

    private DataDirectory OpenDirectory() =>
        DataDirectory.Open(_path, path => new LinuxDisk(path), new DataDirectoryIdentity(DataDirectoryIdentity.NewClusterId(Guid.NewGuid()), new BrokerId(1)));

    private static Task<FileLog> StartAsync(DataDirectory directory, long? maxWalBytes = null) => FileLog.StartAsync(
        new FileLogSetup
        {
            Directory = directory,
            Time = TimeProvider.System,
            Random = new Random(1),
            ConfirmTopic = static (_, _) => ValueTask.FromResult(true),
            Note = static (text, error) => TestContext.Current.SendDiagnosticMessage($"{text} {error}"),
            NoteFault = static text => TestContext.Current.SendDiagnosticMessage(text),
            Lane = maxWalBytes is { } most ? new FileLaneOptions { FileBytes = SmallWal.FileBytes, MaxWalBytes = most, BlockBytes = SmallWal.BlockBytes } : SmallWal,
            TailCache = new TailCacheOptions { MaxBytes = 32L * Limits.MiB },
        },
        Token);

    private static async Task<PartitionHandle> OpenAsync(FileLog log, PartitionId partition)
    {
        var opened = await log.OpenAsync(partition, Keep, Token);
        Assert.Equal(ErrorCode.None, opened.Error);
        return opened.Handle!;
    }

    private static async Task AppendAsync(PartitionHandle handle, int number, int valueBytes)
    {
        var batch = new BatchBuilder().Record(ContentOf(number, valueBytes)).Build();
        var answer = new Answer();
        while (handle.Append(batch, new AppendContext(ZstdAllowed: true), answer, 0) == AppendStatus.Full) await handle.RoomAsync(Token);
        var outcome = await answer.Task.WaitAsync(Token);
        Assert.Equal((ErrorCode.None, new Offset(number)), (outcome.Error, outcome.BaseOffset));
    }

    private static async Task ReadAllAsync(PartitionHandle handle, int valueBytes, int batches = Batches)
    {
        var at = Offset.Zero;
        while (at < handle.HighWatermark)
        {
            using var frames = new FrameList();
            var outcome = await handle.ReadAsync(new ReadRequest(at, 4 * Limits.MiB, AtLeastOne: true, Committed: false), frames, Token);
            Assert.Equal(ErrorCode.None, outcome.Error);
            for (var i = 0; i < frames.Count; i++)
            {
                Assert.Equal(at, frames[i].Entry.BaseOffset);
                var sent = new BatchBuilder().Record(ContentOf((int)at.Value, valueBytes)).Build();
                Assert.True(frames[i].Bytes.Span[16..].SequenceEqual(sent.AsSpan(16)), $"The batch at offset {at} is not what was sent.");
                at += 1;
            }
        }

        Assert.Equal(new Offset(batches), at);
    }

    private static string ContentOf(int number, int bytes) => new((char)('a' + (number % 26)), bytes);

    private long WalBytes() => new DirectoryInfo(Path.Combine(_path, DataDirectory.WalDirectory)).EnumerateFiles().Count() * SmallWal.FileBytes;

    private sealed class Answer : IAppendCompletion
    {
        private readonly TaskCompletionSource<AppendOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<AppendOutcome> Task => _outcome.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => _outcome.SetResult(outcome);
    }
}
