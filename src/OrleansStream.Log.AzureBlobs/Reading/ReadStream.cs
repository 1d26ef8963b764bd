using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Somebody who reads a partition on and on. Whoever reads where the last read ended is taken for the same one; two who are at the same place share it. Safe
/// for any number of callers.
/// </summary>
/// <param name="maxAheadBytes">The furthest that is read ahead.</param>
internal sealed class ReadStream(int maxAheadBytes)
{
    private const int FirstAheadBytes = 512 * Limits.KiB;

    private readonly Lock _gate = new();
    private Offset _from = Offset.None;
    private Offset _next = Offset.None;
    private (SessionId Session, Slot Slot)? _at;
    private (SessionId Session, Slot Slot)? _looked;
    private (string Name, long End) _ahead = ("", 0);
    private int _aheadBytes;
    private bool _isLooking;

    /// <summary>How far it is read ahead now; 0 before it has read on for the first time.</summary>
    public int AheadBytes
    {
        get
        {
            lock (_gate) return _aheadBytes;
        }
    }

    /// <summary>Whether a read from this offset goes on where the last one ended, or repeats a part of it that was not used.</summary>
    public bool Continues(Offset from)
    {
        lock (_gate) return from >= _from && from <= _next;
    }

    /// <summary>The slot with the last frame that was read, if a read from this offset goes on there.</summary>
    public Slot? ResumeAt(SessionId session, Offset from)
    {
        lock (_gate) return from == _next && _at is { } at && at.Session == session ? at.Slot : null;
    }

    /// <summary>A read has ended. Twice as far ahead with each that goes on; one that repeats another changes nothing.</summary>
    /// <param name="from">Where it began.</param>
    /// <param name="next">Where it ended.</param>
    /// <param name="at">The block with its last frame, if frames stand in the order of slots there; null for a segment.</param>
    public void Advance(Offset from, Offset next, (SessionId Session, Slot Slot)? at)
    {
        lock (_gate)
        {
            if (from == _next) _aheadBytes = Math.Min(maxAheadBytes, _aheadBytes == 0 ? FirstAheadBytes : _aheadBytes * 2);
            _from = from;
            _next = next;
            _at = at;
        }
    }

    /// <summary>The byte of the object from which on nothing was read ahead yet.</summary>
    public long AheadEnd(string name, long position)
    {
        lock (_gate) return _ahead.Name == name ? Math.Max(_ahead.End, position) : position;
    }

    public void OnReadAhead(string name, long end)
    {
        lock (_gate) _ahead = (name, end);
    }

    /// <summary>Whether blocks should be looked for from this one on: nobody does so now, and nobody has from there.</summary>
    public bool TryLook(SessionId session, Slot slot)
    {
        lock (_gate)
        {
            if (_isLooking || _looked == (session, slot)) return false;
            _looked = (session, slot);
            return _isLooking = true;
        }
    }

    public void OnLooked()
    {
        lock (_gate) _isLooking = false;
    }

    /// <summary>What was read ahead left the cache before it was used: too much, for this reader or for all of them together.</summary>
    public void OnEvictedUnused()
    {
        lock (_gate)
        {
            _aheadBytes = Math.Min(_aheadBytes, Math.Max(FirstAheadBytes, _aheadBytes / 2));
            _ahead = ("", 0);
            _looked = null;
        }
    }
}
