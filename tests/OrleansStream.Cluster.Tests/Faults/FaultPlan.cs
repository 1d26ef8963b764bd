using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What a seed makes of chance: rounds of one fault or two at once. The same seed, kinds and brokers give the same rounds.</summary>
internal sealed class FaultPlan(int seed, IReadOnlyList<FaultKind> kinds, int brokers)
{
    // A broker that does not answer is declared dead after about 9 s (three probes of at most 3 s).
    private static readonly TimeSpan SurelyDead = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan SurelyAlive = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LongestFreeze = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);

    /// <summary>One fault of each kind, alone and short.</summary>
    public IEnumerable<IReadOnlyList<Fault>> OneOfEach()
    {
        foreach (var kind in Shuffled(kinds))
        {
            var fault = Draw(kind, AnyBroker());
            yield return [fault with { Lasts = kind == FaultKind.LongFreeze ? SurelyDead : TimeSpan.FromTicks(Math.Min(fault.Lasts.Ticks, TimeSpan.FromSeconds(3).Ticks)) }];
        }
    }

    /// <summary>
    /// Rounds without end. Kinds come by the deck, so that none is left out for long: each once, and short freezes twice, so that a third of all is long.
    /// </summary>
    public IEnumerable<IReadOnlyList<Fault>> Rounds()
    {
        var deck = new Queue<FaultKind>();
        while (true)
        {
            var first = Draw(Next(deck), AnyBroker());
            if (_random.Next(2) == 0 || first.Kind == FaultKind.Roll)
            {
                yield return [first];
                continue;
            }

            // Two things at once, to two brokers where there are as many; a rolling restart is everybody's.
            var next = Next(deck);
            if (next == FaultKind.Roll || brokers == 1)
            {
                yield return [first];
                yield return [Draw(next, AnyBroker())];
                continue;
            }
            yield return [first, Draw(next, ((first.Broker - 1 + _random.Next(1, brokers)) % brokers) + 1)];
        }
    }

    private FaultKind Next(Queue<FaultKind> deck)
    {
        if (deck.Count == 0)
        {
            foreach (var kind in Shuffled([.. kinds, .. kinds.Where(kind => kind == FaultKind.Freeze)])) deck.Enqueue(kind);
        }
        return deck.Dequeue();
    }

    private Fault Draw(FaultKind kind, int broker) => kind switch
    {
        FaultKind.Kill => new(kind, broker, Between(0, 10)),
        FaultKind.Freeze => new(kind, broker, Between(1, SurelyAlive.TotalSeconds)),
        FaultKind.LongFreeze => new(kind, broker, LongFreeze()),
        FaultKind.Stop => new(kind, broker, Between(0, 5)),
        FaultKind.Roll => new(kind, broker, Between(0, 2)),
        FaultKind.StorageDelay => new(kind, broker, Between(1, 15)) { OnLink = Delay(maxMs: 500) },
        FaultKind.StorageHold => new(kind, broker, Between(1, 30)) { OnLink = new LinkFault.Hold(), EndsWithCut = Half() },
        FaultKind.StorageCut => new(kind, broker, Between(1, 12)) { OnLink = new LinkFault.Cut() },
        FaultKind.StorageErrors => new(kind, broker, Between(1, 15)) { OnLink = new LinkFault.Answer(Half() ? 500 : 503, 0.2 + (0.8 * _random.NextDouble()), Applied: Half()) },
        FaultKind.StorageSlow => new(kind, broker, Between(1, 15)) { OnLink = Slow(minKilobytes: 64, maxKilobytes: 1024) },
        FaultKind.PeerDelay => Peers(new(kind, broker, Between(1, 15)) { OnLink = Delay(maxMs: 500) }),
        FaultKind.PeerHold => Peers(new(kind, broker, Between(1, 25)) { OnLink = new LinkFault.Hold(), EndsWithCut = Half() }),
        FaultKind.PeerCut => Peers(new(kind, broker, Between(1, 12)) { OnLink = new LinkFault.Cut() }),
        FaultKind.PeerSlow => Peers(new(kind, broker, Between(1, 15)) { OnLink = Slow(minKilobytes: 8, maxKilobytes: 256) }),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not known to the plan."),
    };

    private Fault Peers(Fault fault) => fault with
    {
        Peer = brokers > 2 && Half() ? ((fault.Broker - 1 + _random.Next(1, brokers)) % brokers) + 1 : null,
        IsOneWay = _random.Next(3) == 0,
    };

    // Most are nearer to the shortest: the longest ones take a whole minute of a run.
    private TimeSpan LongFreeze() => SurelyDead + ((LongestFreeze - SurelyDead) * Math.Pow(_random.NextDouble(), 2));

    private LinkFault.Delay Delay(int maxMs) => new(TimeSpan.FromMilliseconds(_random.Next(20, maxMs)));

    private LinkFault.Slow Slow(int minKilobytes, int maxKilobytes) => new(_random.Next(minKilobytes, maxKilobytes) * 1024);

    private TimeSpan Between(double shortest, double longest) => TimeSpan.FromSeconds(shortest + (_random.NextDouble() * (longest - shortest)));

    private bool Half() => _random.Next(2) == 0;

    private int AnyBroker() => _random.Next(brokers) + 1;

    private List<FaultKind> Shuffled(IReadOnlyList<FaultKind> from)
    {
        var all = from.ToArray();
        _random.Shuffle(all);
        return [.. all];
    }
}
