using System.Buffers;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>The same with the blocks on the emulator, where the reader reads them.</summary>
internal sealed class AzuriteBench(TestAccount account) : IExtentBench
{
    private readonly ReadingBench _bench = new(before: _ => account.Container);
    private readonly HashSet<string> _copied = [];

    public Lane Lane => _bench.Lane;

    public SlabPool Slabs => _bench.Slabs;

    public IExtentReader Reader => _bench.Reader;

    public async ValueTask SealAsync()
    {
        _bench.Seal();
        foreach (var name in _bench.Blobs.Names.Where(_copied.Add))
        {
            var put = await account.Container.PutAsync(name, new ReadOnlySequence<byte>(_bench.Blobs[name]), expected: null, Guid.Empty, CancellationToken.None);
            Assert.Equal(BlobOutcome.Written, put.Outcome);
        }
    }

    public async ValueTask FlipAsync(Slot slot, int position)
    {
        await _bench.FlipAsync(slot, position);
        var name = _bench.NameOf(slot.Value);
        var stands = await account.Container.FindAsync(name, CancellationToken.None);
        await account.Container.PutAsync(name, new ReadOnlySequence<byte>(_bench.Blobs[name]), stands!.ETag, Guid.Empty, CancellationToken.None);
    }

    public async ValueTask RemoveAsync()
    {
        foreach (var name in _copied) await account.Container.DeleteAsync(name, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();
}
