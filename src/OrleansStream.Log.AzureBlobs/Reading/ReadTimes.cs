using OrleansStream.Model;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// How long requests of about one size took lately, and whether one that takes longer than 95 of 100 is sent a second time: at most one in twenty is, however
/// slow all of them become.
/// </summary>
internal sealed class ReadTimes
{
    private const int Remembered = 128;
    private const int NeededToJudge = 32;
    private const int JudgedAnewAfter = 16;

    // So many requests pay for a second one; and a store that was quick for long may be asked twice that often in a row when it turns slow.
    private const int RequestsPerHedge = 20;
    private const int MostSaved = 16 * RequestsPerHedge;

    // Shorter ones are no matter of chance, but of scheduling.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly Sizes[] _sizes = [new(), new(), new()];
    private int _saved;

    /// <summary>Counts a request, and tells after how long without an answer it is asked for again; null if too little is known.</summary>
    public TimeSpan? Begin(int bytes)
    {
        lock (_gate)
        {
            _saved = Math.Min(MostSaved, _saved + 1);
            return SizeOf(bytes).Slow;
        }
    }

    /// <summary>Whether a second request may be sent now.</summary>
    public bool TryHedge()
    {
        lock (_gate)
        {
            if (_saved < RequestsPerHedge) return false;
            _saved -= RequestsPerHedge;
            return true;
        }
    }

    /// <summary>A request of this size was answered.</summary>
    public void Add(int bytes, TimeSpan took)
    {
        lock (_gate) SizeOf(bytes).Add(took);
    }

    private Sizes SizeOf(int bytes) => _sizes[bytes <= 256 * Limits.KiB ? 0 : bytes <= 2 * Limits.MiB ? 1 : 2];

    private sealed class Sizes
    {
        private readonly TimeSpan[] _times = new TimeSpan[Remembered];
        private long _count;

        public TimeSpan? Slow { get; private set; }

        public void Add(TimeSpan took)
        {
            _times[_count++ % Remembered] = took;
            if (_count < NeededToJudge || _count % JudgedAnewAfter != 0) return;

            var known = _times.AsSpan(0, (int)Math.Min(_count, Remembered)).ToArray();
            Array.Sort(known);
            var slow = known[known.Length - 1 - (known.Length / RequestsPerHedge)];
            Slow = slow > Shortest ? slow : Shortest;
        }
    }
}
