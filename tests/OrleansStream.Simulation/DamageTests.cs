using OrleansStream.Log;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Mutants;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Simulation;

/// <summary>
/// One thing on a disk at rest is damaged: a bit, a page, a file. Either that stops the start, or it fails reads, and then says where it is; or it hurt
/// nothing that anybody needs. Never does the broker serve something else than was acknowledged, or less.
/// </summary>
public class DamageTests
{
    private const int PageBytes = DiskDamage.PageBytes;

    [Theory]
    [InlineData(Damage.Bit)]
    [InlineData(Damage.ZeroedPage)]
    [InlineData(Damage.MissingFile)]
    public void Damage_is_named_or_hurts_nobody(Damage damage)
    {
        var whole = Written();
        var (stopped, failed, harmless) = (0, 0, 0);
        foreach (var path in whole.Disk.AllFiles())
        {
            foreach (var position in PositionsOf(damage, whole.Disk.Contents(path)))
            {
                var outcome = TryWith(whole, damage, path, position);
                if (outcome == DamageOutcome.Stopped) stopped++;
                else if (outcome == DamageOutcome.ReadFailed) failed++;
                else harmless++;
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{damage}: {stopped} stopped the start, {failed} failed reads, {harmless} hurt nobody.");
        Assert.True(stopped > 5);
        Assert.True(failed > 0);
    }

    [Theory, InlineData(Damage.Bit), InlineData(Damage.ZeroedPage)]
    public void Verification_names_every_damage_that_stops_a_start_or_fails_a_read(Damage damage)
    {
        var whole = Written();
        foreach (var path in whole.Disk.AllFiles())
        {
            foreach (var position in PositionsOf(damage, whole.Disk.Contents(path)).Where((_, index) => index % 3 == 0))
            {
                if (TryWith(whole, damage, path, position) == DamageOutcome.Harmless) continue;
                var disk = whole.Disk.CutPowerKeepingAll();
                DiskDamage.Hurt(disk, damage, path, position);
                var scheduler = new SeededScheduler(1);
                var findings = scheduler.Run(() => new DataDirectoryVerifier(disk, scheduler).VerifyAsync(CancellationToken.None));
                Assert.True(findings.Count > 0, $"{damage} of '{path}' at {position} is not found.");
                if (path.StartsWith("wal/", StringComparison.Ordinal))
                    Assert.True(findings.Any(finding => finding.File == path && finding.Position <= position + PageBytes), $"{damage} of '{path}' at {position} is told as: {findings[0]}");
            }
        }
    }

    // Two headers chain a footer to the blocks that it stands for (rule F5). A start that believed it without them would begin on what is damaged.
    [Theory, InlineData(false), InlineData(true)]
    public void F5_damage_to_a_block_that_a_footer_is_chained_to_stops_the_start_unless_footers_are_believed_without(bool withoutChain)
    {
        var whole = Written();
        var outcomes = new List<DamageOutcome>();
        foreach (var path in whole.Disk.AllFiles())
        {
            foreach (var position in UnchainedFooterMutation.EndsOf(whole.Disk, path))
            {
                var disk = whole.Disk.CutPowerKeepingAll();
                DiskDamage.Hurt(disk, Damage.Bit, path, position + 8);
                var script = whole.Fork(disk, withoutChain ? () => new UnchainedFooterMutation(whole.Disk) : null);
                outcomes.Add(DiskDamage.Try(script, Damage.Bit, path, position + 8));
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", outcomes.CountBy(static outcome => outcome)));
        Assert.Contains(withoutChain ? DamageOutcome.ReadFailed : DamageOutcome.Stopped, outcomes);
        Assert.DoesNotContain(withoutChain ? DamageOutcome.Stopped : DamageOutcome.ReadFailed, outcomes);
    }

    private static DamageOutcome TryWith(Script whole, Damage damage, string path, long position)
    {
        var disk = whole.Disk.CutPowerKeepingAll();
        DiskDamage.Hurt(disk, damage, path, position);
        return DiskDamage.Try(whole.Fork(disk), damage, path, position);
    }

    private static IEnumerable<long> PositionsOf(Damage damage, byte[] content)
    {
        if (damage == Damage.MissingFile) return [0];
        if (damage == Damage.ZeroedPage) return Enumerable.Range(0, (content.Length + PageBytes - 1) / PageBytes).Select(page => (long)page * PageBytes).Where(page => content.AsSpan((int)page, Math.Min(PageBytes, content.Length - (int)page)).ContainsAnyExcept((byte)0));

        // What is zero behind all else was never written.
        var end = content.AsSpan().LastIndexOfAnyExcept((byte)0);
        return Enumerable.Range(0, end + 1).Where(at => at % PageBytes < 100 ? at % 7 == 0 : at % 811 == 0).Select(at => (long)at);
    }

    // Segments, closed files, an ended session and one that was stopped at rest, and snapshots.
    private static Script Written()
    {
        var setup = new BrokerSetup { FileBytes = 32 * 1024, SegmentBytes = 8 * 1024, ReadGrace = TimeSpan.Zero, SettingsOf = _ => new PartitionSettings { RetentionMs = -1 } };
        var script = new Script(new SimulatedDisk(), setup: setup);
        script.Start();
        for (var life = 0; life < 2; life++)
        {
            for (var i = 0; i < 18; i++)
            {
                script.Append(i % 2, valueBytes: 1000);
                script.Settle();
            }

            script.Rest();
            script.SplitClosed();
            script.TendPartitions();
            script.Rest();
            if (life == 0) script.Restart(script.Disk.CutPowerKeepingAll());
        }

        script.Append(0);
        script.Append(1);
        script.Rest();
        script.Rest();
        Assert.Contains(script.Disk.AllFiles(), path => path.StartsWith("objects/", StringComparison.Ordinal));
        return script;
    }
}
