using Microsoft.Extensions.Time.Testing;
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

/// <summary>What a killed broker's successor knows of producers. The copy of a directory that is in use is what kill -9 leaves of it.</summary>
public sealed class ProducersAfterCrashTests : IDisposable
{
    private const int OthersBatches = 200;

    private static readonly CancellationToken None = TestContext.Current.CancellationToken;
    private static readonly PartitionId Partition = new(new TopicId(new Guid(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1)), 0);

    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("producers-").FullName;

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_producer_that_was_idle_for_200_MB_is_known_after_a_crash(bool deletesRecords)
    {
        long first;
        await using (var broker = await Running.StartAsync(Path.Combine(_root, "killed")))
        {
            var handle = await broker.OpenAsync();
            first = (await AppendAsync(handle, Of(1, sequence: 0))).BaseOffset.Value;
            Assert.Equal(ErrorCode.None, (await AppendAsync(handle, Of(1, sequence: 1))).Error);
            var value = new string('x', Limits.MiB - 1000);
            for (var i = 0; i < OthersBatches; i++) Assert.Equal(ErrorCode.None, (await AppendAsync(handle, BatchBuilder.OfProducer(2, 0, i).Record(value))).Error);
            if (deletesRecords) Assert.Equal(ErrorCode.None, await broker.Log.MoveLogStartAsync(handle, handle.HighWatermark, None));
            Copy(Path.Combine(_root, "killed"), Path.Combine(_root, "next"));
        }

        await using (var next = await Running.StartAsync(Path.Combine(_root, "next")))
        {
            var handle = await next.OpenAsync();
            var end = handle.HighWatermark;
            Assert.Equal(new Offset(OthersBatches + 2), end);
            var again = await AppendAsync(handle, Of(1, sequence: 0));
            Assert.Equal((ErrorCode.None, first), (again.Error, again.BaseOffset.Value));
            Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await AppendAsync(handle, Of(1, sequence: 3))).Error);
            Assert.Equal(end, handle.HighWatermark);
            Assert.Equal(ErrorCode.None, (await AppendAsync(handle, Of(1, sequence: 2))).Error);
        }
    }

    public void Dispose() => System.IO.Directory.Delete(_root, recursive: true);

    private static BatchBuilder Of(long producer, int sequence) => BatchBuilder.OfProducer(producer, 0, sequence).Record($"{producer}-{sequence}");

    private static async Task<AppendOutcome> AppendAsync(PartitionHandle handle, BatchBuilder batch)
    {
        var completion = new Completion();
        while (handle.Append(batch.Build(), default, completion, 0) == AppendStatus.Full) await handle.RoomAsync(None);
        return await completion.Task.WaitAsync(None);
    }

    private static void Copy(string from, string to)
    {
        foreach (var directory in System.IO.Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories)) System.IO.Directory.CreateDirectory(directory.Replace(from, to, StringComparison.Ordinal));
        foreach (var file in System.IO.Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) != "lock") File.Copy(file, file.Replace(from, to, StringComparison.Ordinal));
        }
    }

    private sealed class Completion : IAppendCompletion
    {
        private readonly TaskCompletionSource<AppendOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<AppendOutcome> Task => _outcome.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => _outcome.SetResult(outcome);
    }

    private sealed class Running(DataDirectory directory, FileLog log) : IAsyncDisposable
    {
        public FileLog Log => log;

        public static async Task<Running> StartAsync(string path)
        {
            var directory = DataDirectory.Open(path, root => new LinuxDisk(root), new DataDirectoryIdentity("cluster-of-a-test-run-1", new BrokerId(1)));
            var log = await FileLog.StartAsync(
                new FileLogSetup
                {
                    Directory = directory,
                    Time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp)), // Time does not go on: nothing is saved but what has to be.
                    Random = new Random(1),
                    ConfirmTopic = static (_, _) => ValueTask.FromResult(true),
                    Note = static (text, error) => Assert.Fail($"{text} {error}"),
                    NoteFault = Assert.Fail,
                    Lane = new FileLaneOptions { FileBytes = 32L * Limits.MiB, Direct = false },
                },
                None);
            return new Running(directory, log);
        }

        public async Task<PartitionHandle> OpenAsync() => (await log.OpenAsync(Partition, new PartitionSettings { MaxMessageBytes = 2 * Limits.MiB }, None)).Handle!;

        public async ValueTask DisposeAsync()
        {
            await log.DisposeAsync();
            directory.Dispose();
        }
    }
}
