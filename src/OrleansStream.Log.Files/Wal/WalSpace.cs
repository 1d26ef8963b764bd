using OrleansStream.Log.Lanes;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Wal;

/// <summary>
/// Counts the bytes of the open file and the prepared one against what open blocks reserved (rule B3). A block does not span files, so up to one block's
/// length is lost where the lane goes over to the prepared file. The last bytes are kept for journals: a full disk that refuses producers must still
/// take the deletion of a topic, which gives space back. The very last page is kept for the block that says what is durable (rule F3).
/// </summary>
internal sealed class WalSpace(long fileBytes, int largestBlockBytes, long journalBytes)
{
    /// <summary>What an empty block takes.</summary>
    public const long DurableEndBytes = Limits.BlockAlignment;

    private readonly Lock _lock = new();
    private long _left;
    private long _reserved;
    private bool _hasNext;
    private bool _isPreparing;
    private bool _wasRefused;

    private long Capacity => _hasNext ? Math.Max(_left, _left + fileBytes - largestBlockBytes) : _left;

    /// <summary>What nobody but a journal gets; of which journals leave the last page.</summary>
    public long KeptForRecords { get; } = Math.Max(journalBytes, DurableEndBytes);

    /// <param name="bytes">How many.</param>
    /// <param name="kept">What is left for those that have a better right.</param>
    public EnqueueStatus Reserve(int bytes, long kept)
    {
        lock (_lock)
        {
            if (_reserved + bytes <= Capacity - kept)
            {
                _reserved += bytes;
                return EnqueueStatus.Accepted;
            }

            if (!_isPreparing) return EnqueueStatus.NoSpace;

            _wasRefused = true;
            return EnqueueStatus.Full;
        }
    }

    /// <summary>Blocks were written: what they reserved is free again but for what they took.</summary>
    public void Written(long reserved, long taken)
    {
        lock (_lock)
        {
            _reserved -= reserved;
            _left -= taken;
        }
    }

    /// <summary>The lane writes to a new file of this size from here on.</summary>
    public void Rolled(long newFileBytes)
    {
        lock (_lock)
        {
            _left = newFileBytes;
            _hasNext = false;
        }
    }

    public void Preparing()
    {
        lock (_lock) _isPreparing = true;
    }

    /// <summary>Returns whether somebody was told to wait for this.</summary>
    public bool Prepared(bool hasNext)
    {
        lock (_lock)
        {
            _isPreparing = false;
            _hasNext = hasNext;
            var wasRefused = _wasRefused;
            _wasRefused = false;
            return wasRefused;
        }
    }
}
