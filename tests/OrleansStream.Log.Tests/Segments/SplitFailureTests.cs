using System.Buffers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>A cut that comes to nothing leaves nothing behind, and is not begun again at once.</summary>
public sealed class SplitFailureTests
{
    private static readonly SplitOptions Cut = new() { CarryBytes = 0 };

    [Theory, InlineData(Limits), InlineData(0)]
    public async Task What_a_failed_cut_has_written_is_deleted_at_once(long budgetBytes)
    {
        using var bench = new SplitBench(new SplitOptions { CarryBytes = 0, BudgetBytes = budgetBytes }, maxSegmentBytes: 50_000);
        var handle = bench.Open();
        bench.Append(handle, 10, valueBytes: 15_000);
        bench.Objects.FailCreate = name => bench.Objects.Created == 2;

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single(bench.Failures);
        Assert.Equal(3, bench.Objects.Created);
        Assert.Empty(bench.Retention.Objects.Names);
        Assert.Empty((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Equal(10, bench.ReadAll(handle).Length);
    }

    [Fact]
    public async Task An_object_whose_write_failed_late_is_deleted_too()
    {
        using var bench = new SplitBench();
        bench.Append(bench.Open(), 3);
        bench.Objects.FailAfterCreate = static _ => true;

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Equal(1, bench.Objects.Created);
        Assert.Empty(bench.Retention.Objects.Names);
    }

    [Fact]
    public async Task A_manifest_that_no_longer_has_what_was_cut_counts_as_a_failure()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Objects.BeforeCreate = async _ => bench.Retention.Store.Put((await bench.Retention.ManifestOf(handle.Id)) with
        {
            Extents = [new SegmentExtent("p/other", default, new Offset(0), new Offset(3), 1, 1)], Nonce = Guid.NewGuid(),
        });

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single(bench.Failures);
        Assert.Empty(bench.Retention.Objects.Names);
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
    }

    [Fact]
    public async Task What_expires_while_it_is_cut_is_deleted_and_is_no_failure()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Objects.BeforeCreate = async _ => await bench.Retention.Mover.MoveAsync(handle, new Offset(6), CancellationToken.None);

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Empty(bench.Failures);
        Assert.Empty(bench.Retention.Objects.Names);
    }

    // Rule M4: the write may still arrive, and would name what is gone.
    [Fact]
    public async Task M4_an_undecided_manifest_write_keeps_its_segments()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.BeforeWrite = _ => throw new DiskException("meta", "Write", 5, "simulated");

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single(bench.Retention.Objects.Names);
    }

    // Rule D4, the mutant "re-use after a conflict without HEAD": the sweep took the segment for an orphan, deleted it, and took it off its list.
    [Fact]
    public async Task D4_a_segment_that_was_swept_before_it_was_named_is_not_named()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.BeforeWrite = write =>
        {
            bench.Retention.Store.BeforeWrite = null;
            foreach (var name in bench.Retention.Objects.Names.ToList()) bench.Retention.Objects.DeleteAsync(name, CancellationToken.None).AsTask().Wait();
            bench.Retention.Store.Put(bench.Retention.ManifestOf(handle.Id).Result with { Nonce = Guid.NewGuid() });
        };

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Empty((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Equal(3, bench.ReadAll(handle).Length);
    }

    [Fact]
    public async Task A_conflict_with_somebody_else_s_change_names_the_same_segments_again()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.BeforeWrite = write =>
        {
            bench.Retention.Store.BeforeWrite = null;
            bench.Retention.Store.Put(bench.Retention.ManifestOf(handle.Id).Result with { Nonce = Guid.NewGuid() });
        };

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Equal(1, bench.Objects.Created);
    }

    [Fact]
    public async Task After_a_failure_the_partition_is_left_alone_for_ever_longer_and_the_others_are_not()
    {
        using var bench = new SplitBench(Cut);
        var (bad, good) = (bench.Open(0), bench.Open(1));
        bench.Append(bad, 3);
        bench.Objects.FailCreate = name => name.Contains($"/{bad.Id.Index}/", StringComparison.Ordinal);
        var tries = new List<int>();
        for (var minute = 0; minute < 70; minute++)
        {
            bench.Append(good, 1);
            await bench.SplitAsync(bench.Lane.PublishedEnd);
            if (bench.Failures.Count > tries.Count) tries.Add(minute);
            bench.Retention.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([0, 1, 3, 7, 15, 31, 47, 63], tries);
        Assert.Equal(70, (await bench.Retention.ManifestOf(good.Id)).Extents.Length);

        bench.Objects.FailCreate = static _ => false;
        bench.Retention.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));
        Assert.Single((await bench.Retention.ManifestOf(bad.Id)).Extents);
    }

    [Fact]
    public async Task A_cut_does_not_take_from_the_reserve_of_the_disk()
    {
        using var bench = new SplitBench(maxSegmentBytes: 50_000);
        var handle = bench.Open();
        bench.Append(handle, 10, valueBytes: 15_000);
        bench.Space = handle.SizeBytes - 1;

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single(bench.Failures);
        Assert.Equal(0, bench.Objects.Created);

        // No pause: nothing was read or written for nothing.
        bench.Space = handle.SizeBytes;
        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));
        Assert.NotEmpty((await bench.Retention.ManifestOf(handle.Id)).Extents);
    }

    [Fact]
    public async Task A_cut_stops_when_others_have_taken_the_space_meanwhile()
    {
        using var bench = new SplitBench(maxSegmentBytes: 50_000);
        var handle = bench.Open();
        bench.Append(handle, 10, valueBytes: 15_000);
        bench.Objects.BeforeCreate = _ =>
        {
            bench.Space = 1000;
            return Task.CompletedTask;
        };

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Equal(1, bench.Objects.Created);
        Assert.Empty(bench.Retention.Objects.Names);
    }

    private const long Limits = 32 * 1024 * 1024;
}
