using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.Files.Tests.Conformance;

public sealed class WalReaderConformanceTests : ExtentReaderConformance
{
    protected override ValueTask<IExtentBench> NewBenchAsync() => new(new Bench());

    private sealed class Bench : IExtentBench
    {
        private readonly WalBench _wal = new(new FileLaneOptions { FileBytes = 128L * Limits.MiB });
        private readonly WalReader _reader;

        public Bench() => _reader = new WalReader(_wal.Disk, _wal.Files, _wal.Slabs, new WalReaderOptions { WindowBytes = 64 * Limits.KiB }, TaskScheduler.Default);

        public Lane Lane => _wal.Lane;

        public SlabPool Slabs => _wal.Slabs;

        public IExtentReader Reader => _reader;

        public ValueTask SealAsync()
        {
            _wal.RunAll();
            return ValueTask.CompletedTask;
        }

        public ValueTask FlipAsync(Slot slot, int position)
        {
            var file = _wal.Files.Of(_wal.Session)[0];
            Assert.True(file.TryFind(slot, out var start, out _));
            _wal.Disk.Flip(file.Path, start + position);
            return ValueTask.CompletedTask;
        }

        public ValueTask RemoveAsync()
        {
            foreach (var file in _wal.Files.Of(_wal.Session).ToList()) _wal.Files.Remove(file);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            _reader.Dispose();

            // A read for which nobody waits any more ends on the pool.
            Assert.True(SpinWait.SpinUntil(() => _wal.Slabs.Leases.Total == 0 && _wal.Slabs.BytesOut == 0, TimeSpan.FromSeconds(10)));
            _wal.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
