using OrleansStream.Log.Verification;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Files.Tests.Verification;

public sealed class SegmentVerificationTests : IDisposable
{
    // More than the WAL may keep, so that some of it is split into segments.
    private const int Batches = 140;

    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    private readonly string _root = Directory.CreateTempSubdirectory("verify-").FullName;

    [Fact]
    public async Task Damage_to_any_part_of_a_segment_is_found_in_its_file_and_nothing_else_is()
    {
        await WriteAsync();
        var before = Names();
        Assert.Empty(await VerifyAsync());

        var segment = Directory.EnumerateFiles(Path.Combine(_root, "objects"), "*", SearchOption.AllDirectories).OrderByDescending(path => new FileInfo(path).Length).First();
        var length = new FileInfo(segment).Length;
        Assert.True(length > Limits.MiB);
        foreach (var position in new[] { 0, length / 2, length - 200, length - 70, length - 1 })
        {
            Flip(segment, position);
            Assert.Equal(segment, Path.Combine(_root, Assert.Single(await VerifyAsync()).File));
            Flip(segment, position);
        }

        Assert.Empty(await VerifyAsync());
        File.Delete(segment);
        Assert.Contains("missing", Assert.Single(await VerifyAsync()).What, StringComparison.Ordinal);
        Assert.Equal(before.Where(name => name != segment), Names());
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Flip(string path, long position)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = position;
        var value = file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ 1));
    }

    private string[] Names() => [.. Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private Task<IReadOnlyList<Finding>> VerifyAsync() => new DataDirectoryVerifier(new LinuxDisk(_root), TaskScheduler.Default).VerifyAsync(None);

    private async Task WriteAsync()
    {
        using var directory = DataDirectory.Open(_root, root => new LinuxDisk(root), new DataDirectoryIdentity("cluster-of-a-test-run-1", new BrokerId(1)));
        await using var log = await FileLog.StartAsync(
            new FileLogSetup
            {
                Directory = directory,
                Time = TimeProvider.System,
                Random = new Random(1),
                ConfirmTopic = static (_, _) => ValueTask.FromResult(true),
                Note = static (text, error) => TestContext.Current.SendDiagnosticMessage($"{text} {error}"),
                NoteFault = static text => TestContext.Current.SendDiagnosticMessage(text),
                Lane = new FileLaneOptions { FileBytes = 32L * Limits.MiB, MaxWalBytes = 96L * Limits.MiB, BlockBytes = Limits.MiB },
            },
            None);
        var opened = await log.OpenAsync(new PartitionId(new TopicId(new Guid(5, 5, 5, new byte[8])), 0), new PartitionSettings { MaxMessageBytes = 2 * Limits.MiB, RetentionMs = -1 }, None);
        var batch = new BatchBuilder().Record(new string('x', Limits.MiB)).Build();
        for (var i = 0; i < Batches; i++)
        {
            var answer = new Answer();
            while (opened.Handle!.Append(batch, default, answer, 0) == AppendStatus.Full) await opened.Handle.RoomAsync(None);
            Assert.Equal(ErrorCode.None, (await answer.Task.WaitAsync(None)).Error);
        }
    }

    private sealed class Answer : IAppendCompletion
    {
        private readonly TaskCompletionSource<AppendOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<AppendOutcome> Task => _outcome.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => _outcome.SetResult(outcome);
    }
}
