using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Clusters;

/// <summary>What becomes of the processes of a world: who dies, stands still, is cut off or taken for dead, and comes back.</summary>
internal sealed class ClusterMembers(ClusterWorld world, Random chance, int brokers)
{
    private bool _isHealing;

    /// <summary>Whether those that stop are not started again.</summary>
    public bool IsEnding { get; set; }

    public void StartAll()
    {
        for (var number = 1; number <= brokers; number++) Start(number);
        if (!world.PassUntil(() => world.Brokers.All(static broker => broker.Serves), TimeSpan.FromMinutes(1))) throw new ViolationException("The brokers do not start.");
    }

    public void Act(ClusterAction action)
    {
        switch (action)
        {
            case ClusterAction.Crash:
                Crash(Any());
                break;
            case ClusterAction.Stop:
                Stop(Any());
                break;
            case ClusterAction.Freeze:
                Freeze(Any());
                break;
            case ClusterAction.Suspect:
                Suspect(Any());
                break;
            case ClusterAction.Cut:
                Cut(Any());
                break;
            case ClusterAction.Weather:
                if (chance.Next(3) == 0) world.Weather.Calm();
                else world.Weather.Worsen();
                break;
            case ClusterAction.Network:
                world.Calls.Faults = chance.Next(2) == 0 ? 0 : 1 + chance.Next(40);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(action), action, "Not of members.");
        }
    }

    /// <summary>Nothing is wrong any more, and everybody is to run.</summary>
    public void Heal()
    {
        _isHealing = true;
        world.Weather.Calm();
        world.Calls.Faults = 0;
        foreach (var broker in world.Brokers.ToList())
        {
            broker.Storage.IsCut = false;
            broker.Wake();
            if (broker.IsGone) Restart(broker, TimeSpan.Zero);
        }

        // Whoever was declared dead learns of it, and comes back; by then everybody knows who is dead.
        world.Pass(TimeSpan.FromSeconds(10));
    }

    public void KillAll()
    {
        foreach (var broker in world.Brokers) broker.Kill();
    }

    private void Start(int number)
    {
        var broker = world.Start(number);
        world.Clock.In(TimeSpan.FromSeconds(1), () => Watch(broker));
    }

    // What a supervisor sees of a process, once a second: one that has ended is started again, and one that learned it was declared dead ends by itself.
    private void Watch(ClusterBroker broker)
    {
        if (broker.IsGone) return;
        if (broker.Starting.IsFaulted)
        {
            world.Judge(broker, "start", broker.Starting.Exception!.InnerException!);
            End(broker, "could not start");
            return;
        }

        if (broker.Stopping is { IsCompleted: true } stopped && !IsEnding)
        {
            End(broker, $"has stopped{(stopped.IsFaulted ? $": {stopped.Exception!.InnerException!.Message}" : "")}");
            return;
        }

        if (broker.Log is { Lanes.GivenUp.IsCompleted: true }) End(broker, "was replaced");
        else if (!broker.IsFrozen && world.Membership.KnowsDead(broker.Silo, broker.Silo)) End(broker, "learned that it was declared dead");
        else world.Clock.In(TimeSpan.FromSeconds(1), () => Watch(broker));
    }

    private void Crash(ClusterBroker broker)
    {
        if (!broker.IsGone) End(broker, "crashes");
    }

    private void Stop(ClusterBroker broker)
    {
        if (!broker.Serves || broker.IsFrozen) return;
        world.Note($"{broker} is told to stop");
        broker.Stop();
    }

    private void Freeze(ClusterBroker broker)
    {
        if (broker.IsGone || broker.IsFrozen) return;
        var time = TimeSpan.FromMilliseconds(chance.Next(chance.Next(3) switch { 0 => 4_000, 1 => 15_000, _ => 120_000 }));
        world.Note($"{broker} stands still for {time.TotalSeconds:0.0} s");
        broker.Freeze();
        var detection = NextDetection();
        if (detection < time)
        {
            world.Clock.In(detection, () =>
            {
                if (broker.IsFrozen || broker.IsGone) DeclareDead(broker);
            });
        }

        world.Clock.In(time, () => broker.Wake());
    }

    private void Suspect(ClusterBroker broker)
    {
        if (!broker.IsGone) DeclareDead(broker);
    }

    private void Cut(ClusterBroker broker)
    {
        var time = TimeSpan.FromMilliseconds(chance.Next(chance.Next(2) == 0 ? 6_000 : 100_000));
        world.Note($"{broker} does not reach storage for {time.TotalSeconds:0.0} s");
        broker.Storage.IsCut = true;
        world.Clock.In(time, () => broker.Storage.IsCut = false);
    }

    private void DeclareDead(ClusterBroker broker)
    {
        world.Note($"{broker} is declared dead");
        world.Membership.DeclareDead(broker.Silo);
    }

    private void End(ClusterBroker broker, string how)
    {
        world.Note($"{broker} {how}");
        broker.Kill();
        world.Clock.In(NextDetection(), () => DeclareDead(broker));
        Restart(broker, TimeSpan.FromMilliseconds(chance.Next(_isHealing ? 100 : chance.Next(2) == 0 ? 1_000 : 40_000)));
    }

    private void Restart(ClusterBroker broker, TimeSpan after) => world.Clock.In(after, () =>
    {
        if (world.Brokers.Contains(broker) && broker.IsGone) Start(broker.Number);
    });

    private ClusterBroker Any() => world.Brokers[chance.Next(world.Brokers.Count)];

    private TimeSpan NextDetection() => TimeSpan.FromMilliseconds(3_000 + chance.Next(9_000));
}
