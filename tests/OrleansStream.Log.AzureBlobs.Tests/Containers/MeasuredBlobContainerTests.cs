using System.Buffers;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Containers;

public sealed class MeasuredBlobContainerTests : IDisposable
{
    private const string Instrument = StorageCallMetrics.Duration;

    private readonly FakeTimeProvider _time = new();
    private readonly StorageCallMetrics _metrics = new();
    private readonly Durations _durations;
    private readonly SimulatedBlobs _blobs;
    private readonly MeasuredBlobContainer _container;

    public MeasuredBlobContainerTests()
    {
        _durations = new Durations(_metrics.Meter);
        _blobs = new SimulatedBlobs(_time);
        _container = new MeasuredBlobContainer(_blobs, _metrics, _time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _durations.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task Each_call_is_told_with_its_operation_its_outcome_and_how_long_it_took()
    {
        _blobs.BeforeCall = _ => _time.Advance(TimeSpan.FromMilliseconds(20));

        await PutAsync("a");
        await PutAsync("a");
        await _container.ReadAsync("a", 0, new byte[1], Token);
        await _container.ReadAsync("b", 0, new byte[1], Token);
        await _container.GetAsync("b", 10, Token);
        await _container.FindAsync("a", Token);
        await foreach (var _ in _container.ListAsync("", Token))
        {
        }

        await _container.DeleteAsync("a", Token);

        string[] lines = ["put done", "put conflict", "read done", "read missing", "get missing", "find done", "list done", "delete done"];
        Assert.Equal(lines.Select(static line => $"{Instrument} {line}"), _durations.Told.Select(static told => told.Line));
        Assert.All(_durations.Told, static told => Assert.Equal(0.02, told.Seconds, tolerance: 0.0001));
        var known = StorageCallMetrics.Lines.Select(static line => $"{Instrument} {line.Operation} {line.Outcome}").ToList();
        Assert.All(_durations.Told, told => Assert.Contains(told.Line, known));
    }

    // A caller may delete each blob before it asks for the next one. Given up or not.
    [Theory, InlineData(1), InlineData(3)]
    public async Task A_list_takes_as_long_as_its_pages_do_and_not_as_what_is_done_with_them(int taken)
    {
        foreach (var name in (string[])["a", "b", "c"]) await PutAsync(name);
        _blobs.BeforeCall = _ => _time.Advance(TimeSpan.FromMilliseconds(20));

        await foreach (var _ in _container.ListAsync("", Token))
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            if (--taken == 0) break;
        }

        var (line, seconds) = _durations.Told[^1];
        Assert.StartsWith($"{Instrument} list", line);
        Assert.Equal(0.02, seconds, tolerance: 0.0001);
    }

    [Fact]
    public async Task What_is_unknown_busy_or_failed_is_told_as_that()
    {
        _blobs.Faults = static _ => BlobFault.AnswerLost;
        await PutAsync("a");
        _blobs.Faults = static _ => BlobFault.Busy;
        await PutAsync("a");
        _blobs.Faults = static _ => BlobFault.RequestLost;
        await Assert.ThrowsAsync<StorageException>(async () => await _container.ReadAsync("a", 0, new byte[1], Token));

        Assert.Equal([$"{Instrument} put unknown", $"{Instrument} put busy", $"{Instrument} read failed"], _durations.Told.Select(static told => told.Line));
    }

    private ValueTask<BlobPut> PutAsync(string name) => _container.PutAsync(name, new ReadOnlySequence<byte>([1]), expected: null, Guid.Empty, Token);
}
