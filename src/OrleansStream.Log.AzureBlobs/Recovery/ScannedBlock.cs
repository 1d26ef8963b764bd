using System.Buffers;
using System.Runtime.InteropServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>A whole block of a session, with header and directory verified. Its memory goes back when it is disposed.</summary>
internal sealed class ScannedBlock : IDisposable
{
    // Most blocks of a lane that is not busy are smaller: one request reads them.
    private const int FirstRead = 64 * Limits.KiB;

    private readonly byte[] _bytes;
    private readonly long[] _lines;

    private ScannedBlock(byte[] bytes, long[] lines, BlockHeader header) => (_bytes, _lines, Header) = (bytes, lines, header);

    public BlockHeader Header { get; }

    public ReadOnlySpan<FrameEntry> Frames => MemoryMarshal.Cast<long, FrameEntry>(_lines);

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <param name="setup">The container, the cluster generation.</param>
    /// <param name="session">Whose block.</param>
    /// <param name="slot">Where it stands.</param>
    /// <param name="isWhole">
    /// Whether all of the blob is read, and what is neither header, directory nor frame must be zero. Damage there loses no record: whoever wants the records
    /// takes them.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CorruptBlockException">The block is missing, damaged, or not the one that belongs there.</exception>
    /// <exception cref="StorageException">Storage failed; call again.</exception>
    public static async Task<ScannedBlock> ReadAsync(RecoverySetup setup, SessionId session, Slot slot, bool isWhole, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(session, slot);
        var bytes = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            var have = await setup.Container.ReadAsync(name, 0, bytes.AsMemory(0, FirstRead), cancellationToken);
            if (have < 0) throw new CorruptBlockException(name, 0, "acknowledged data is damaged: the block is missing, and blocks above it are not.");
            var header = HeaderOf(name, bytes.AsSpan(0, have), setup, (session, slot));
            var wanted = isWhole ? header.StoredBytes : header.UsedBytes;
            if (have < wanted)
            {
                var whole = ArrayPool<byte>.Shared.Rent(wanted + 1);
                bytes.AsSpan(0, have).CopyTo(whole);
                ArrayPool<byte>.Shared.Return(bytes);
                bytes = whole;
                var more = wanted - have + (isWhole ? 1 : 0); // One byte more shows whether the blob ends where the block does.
                have += Math.Max(0, await setup.Container.ReadAsync(name, have, bytes.AsMemory(have, more), cancellationToken));
                if (have < wanted) throw new CorruptBlockException(name, have, $"the block has {wanted} bytes by its header; it ends after {have}.");
            }

            var lines = DirectoryOf(name, bytes, header);
            if (isWhole && FindBadRest(bytes.AsSpan(0, have), header, lines) is { } problem) throw new CorruptBlockException(name, header.UsedBytes, problem);
            return new ScannedBlock(bytes, lines, header);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(bytes);
            throw;
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    private static BlockHeader HeaderOf(string name, ReadOnlySpan<byte> start, RecoverySetup setup, (SessionId Session, Slot Slot) wanted)
    {
        if (!BlockCodec.TryReadHeader(start, out var header, out var problem)) throw new CorruptBlockException(name, 0, problem!);
        if (header.SessionHash != wanted.Session.Hash || header.Slot != wanted.Slot || header.ClusterGeneration != setup.ClusterGeneration)
        {
            throw new CorruptBlockException(name, 0, $"the block there is of slot {header.Slot}, generation {header.ClusterGeneration} and session hash {header.SessionHash:x16}.");
        }

        return header;
    }

    private static string? FindBadRest(ReadOnlySpan<byte> blob, in BlockHeader header, long[] lines) => blob.Length > header.StoredBytes
        ? $"the blob goes on behind the block, which has {header.StoredBytes} bytes by its header."
        : BlockCodec.FindBadPadding(blob, header, MemoryMarshal.Cast<long, FrameEntry>(lines));

    // In longs: it is read in place, and so must be aligned to 8 bytes. Its length was bounded by the header's reader.
    private static long[] DirectoryOf(string name, byte[] bytes, in BlockHeader header)
    {
        var lines = new long[(header.UsedBytes - header.DirectoryPosition) / sizeof(long)];
        var directory = MemoryMarshal.AsBytes(lines.AsSpan());
        bytes.AsSpan(header.DirectoryPosition, directory.Length).CopyTo(directory);
        return BlockCodec.TryReadDirectory(bytes, directory, header, out _, out var problem) ? lines : throw new CorruptBlockException(name, 0, problem!);
    }
}
