using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Log.Verification;
using OrleansStream.Log.Files.Tests.Brokers;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Files.Tests.Verification;

public sealed class FooterAndSnapshotVerificationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A start believes such a footer: only verification compares each of its runs with the blocks.
    [Fact]
    public async Task A_footer_that_disagrees_with_its_blocks_is_found()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        var value = new string('x', 900_000);
        for (var i = 0; i < 40; i++) await LogBench.AppendDurablyAsync(handle, value);
        await bench.StopAsync();
        Assert.Empty(await VerifyAsync(bench));

        var path = bench.Disk.ListFiles("wal").Select(static name => "wal/" + name).First();
        var file = bench.Disk.Contents(path);
        var stored = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 16));
        var footer = file[^stored..];
        var used = BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(footer.Length - 12));
        footer[used - 24] ^= 1; // The last offset of the last run.
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(footer.Length - 8), Crc32C.Hash(footer.AsSpan(0, used)));
        using (var open = bench.Disk.Open(path, DiskOpenMode.Write)) open.Write(file.Length - stored, [footer]);

        var finding = Assert.Single(await VerifyAsync(bench));
        Assert.Equal(path, finding.File);
        Assert.Contains("footer", finding.What, StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_damaged_snapshot_of_producers_or_of_a_journal_is_found_wherever_it_is_damaged(bool isJournal)
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        if (isJournal)
        {
            var journal = new JournalPartition(handle, bench.Log.Journals);
            Assert.Equal(ErrorCode.None, (await journal.AppendAsync([new byte[10]])).Error);
            Assert.True(await journal.SnapshotAsync(new ReadOnlySequence<byte>(new byte[500]), handle.HighWatermark, Token));
        }
        else
        {
            for (var i = 0; i < 3; i++) Assert.Equal(ErrorCode.None, (await LogBench.AppendAsync(handle, BatchBuilder.OfProducer(5, 0, i).Record("a"))).Error);
            Assert.Equal(ErrorCode.None, await bench.Log.MoveLogStartAsync(handle, new Offset(1), Token));
        }

        await bench.StopAsync();
        Assert.Empty(await VerifyAsync(bench));
        var path = bench.Disk.AllFiles().Single(static path => path.StartsWith("objects/", StringComparison.Ordinal));
        var length = bench.Disk.Contents(path).Length;
        foreach (var at in new[] { 0, 9, 20, length / 2, length - 1 })
        {
            bench.Disk.Flip(path, at);
            Assert.Equal(path, Assert.Single(await VerifyAsync(bench)).File);
            bench.Disk.Flip(path, at);
        }

        using (var file = bench.Disk.Open(path, DiskOpenMode.Write)) file.Truncate(length - 1);
        Assert.Equal(path, Assert.Single(await VerifyAsync(bench)).File);
    }

    private static Task<IReadOnlyList<Finding>> VerifyAsync(LogBench bench) => new DataDirectoryVerifier(bench.Disk, TaskScheduler.Default).VerifyAsync(Token);
}
