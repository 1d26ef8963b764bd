using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Clusters;

/// <summary>How storage behaves, by the seed: how long calls take, and how often which of them go wrong.</summary>
internal sealed class StorageWeather
{
    private readonly Random _chance;
    private readonly int[] _weights = new int[Enum.GetValues<BlobFault>().Length];

    public StorageWeather(Random chance)
    {
        _chance = chance;
        UsualMs = 1 + chance.Next(10);
        Calm();
    }

    /// <summary>Half of the time that most calls take.</summary>
    public int UsualMs { get; private set; }

    /// <summary>Of 1,000 calls those that are refused for good: nothing was done, and it is not worth another try.</summary>
    public int Refusals { get; private set; }

    /// <summary>Of 1,000 calls those that go wrong.</summary>
    public int Faults { get; private set; }

    public bool IsCalm => Faults == 0;

    /// <summary>After this time a call is given up by its caller.</summary>
    public TimeSpan CallLimit { get; } = TimeSpan.FromSeconds(5);

    public void Calm() => Faults = Refusals = 0;

    /// <summary>Kinds of faults of their own for each spell.</summary>
    public void Worsen()
    {
        Faults = 1 << _chance.Next(9);
        Refusals = _chance.Next(4) == 0 ? 1 + _chance.Next(20) : 0;
        for (var i = 1; i < _weights.Length; i++) _weights[i] = _chance.Next(3) == 0 ? 0 : 1 + _chance.Next(5);
    }

    public BlobFault NextFault()
    {
        if (IsCalm || _chance.Next(1000) >= Faults) return BlobFault.None;
        var total = _weights.Sum();
        if (total == 0) return BlobFault.None;
        var at = _chance.Next(total);
        for (var i = 1; ; i++)
        {
            at -= _weights[i];
            if (at < 0) return (BlobFault)i;
        }
    }

    public bool IsRefused() => Refusals > 0 && _chance.Next(1000) < Refusals;

    /// <summary>How long one way takes.</summary>
    public TimeSpan NextDelay()
    {
        var ms = _chance.Next(IsCalm ? 200 : 40) switch { 0 => 1000, 1 => 200, < 5 => 30, _ => UsualMs };
        return TimeSpan.FromMicroseconds(200 + _chance.Next(1000 * ms));
    }

    /// <summary>When a put arrives that was taken for lost: most soon, some after everybody has given it up.</summary>
    public TimeSpan NextLateness() => TimeSpan.FromMilliseconds(_chance.Next(_chance.Next(3) switch { 0 => 200, 1 => 8_000, _ => 90_000 }));

    /// <summary>Whether a caller learns at once that his call went wrong, as from a 503, or only by its limit.</summary>
    public bool IsQuick() => _chance.Next(2) == 0;
}
