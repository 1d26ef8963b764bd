using OrleansStream.Log.Blocks;

namespace OrleansStream.Testing.Lanes;

/// <summary>The memory of a process that a simulation may kill.</summary>
public sealed class KillableSlabs : SlabPool
{
    private readonly HashSet<Slab> _out = [];

    /// <summary>
    /// Frees what is kept and what is out. Nothing of the process may run any more. What is out stays counted, and is not looked at if it is given back
    /// nevertheless.
    /// </summary>
    public void Abandon()
    {
        Dispose();
        lock (_out)
        {
            foreach (IDisposable slab in _out) slab.Dispose();
            _out.Clear();
        }
    }

    protected override void OnLent(Slab slab)
    {
        lock (_out) _out.Add(slab);
    }

    protected override bool MayComeBack(Slab slab)
    {
        lock (_out) return _out.Remove(slab);
    }
}
