using System.Globalization;
using System.Text;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>One random schedule over one group, with all that must hold checked after every step.</summary>
internal sealed class GroupSchedule
{
    private readonly Random _random;
    private readonly GroupOptions _options;
    private readonly List<GroupClient> _clients = [];
    private readonly List<GroupChange> _journal = [];
    private readonly Queue<JournalWrite> _unreported = [];
    private readonly StringBuilder _history = new();
    private readonly GroupInvariants _invariants = new();
    private readonly GroupBudget _budget;
    private ConsumerGroup _group;
    private bool _isClosed;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public GroupSchedule(int seed)
    {
        _random = new Random(seed);
        _options = new GroupOptions
        {
            InitialRebalanceDelay = TimeSpan.FromSeconds(_random.Next(0, 4)),
            MaxSize = _random.Next(4) == 0 ? 3 : int.MaxValue,
            OffsetsRetention = TimeSpan.FromMinutes(_random.Next(1, 30)),
        };

        // A quarter of the schedules live with very little: three members or so, and not always room for another commit.
        _budget = new GroupBudget(_random.Next(4) == 0 ? _random.Next(4_000, 12_000) : _options.MaxBytes);
        for (var i = 0; i < 5; i++)
        {
            _clients.Add(new GroupClient(_random, i < 2 ? "i" + i.ToString(CultureInfo.InvariantCulture) : null));
        }

        _group = Load();
    }

    public HashSet<GroupState> StatesSeen { get; } = [];

    public string Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Step();
            Settle();
            _invariants.Check(_group, _clients, _unreported.Count);
            StatesSeen.Add(_group.State);
            _history.Append(CultureInfo.InvariantCulture, $"{_group.State}/{_group.Generation}/{_clients.Count(client => client.IsWaiting)};");
        }

        CalmDown();
        return _history.ToString();
    }

    private Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private void Step()
    {
        switch (_random.Next(40))
        {
            case < 25:
                _clients[_random.Next(_clients.Count)].Act(_group, _now);
                break;
            case < 32:
                Wait(TimeSpan.FromMilliseconds(_random.Next(1, 4_000)));
                break;
            case 32:
                Wait(TimeSpan.FromSeconds(_random.Next(1, 90)));
                break;
            case 33:
                _group.ExpireOffsets(_now);
                break;
            case 34:
                DeleteGroup();
                break;
            case 35:
                _group.OnTopicDeleted(TestGroup.Topic, _now);
                break;
            case 36:
                Reload();
                break;
            case 37:
                _clients[_random.Next(_clients.Count)].Die();
                break;
            default:
                Report(fails: _random.Next(6) == 0);
                break;
        }
    }

    private void DeleteGroup()
    {
        var reply = _group.Delete(_now);
        if (reply.IsParked)
        {
            _invariants.Opened(reply.Ticket);
        }
    }

    private void Wait(TimeSpan time)
    {
        var end = _now + time;
        var rings = 0;
        while (_group.NextDeadline is { } deadline && deadline <= end)
        {
            Assert.True(++rings < 1000, "The timer rings without end.");
            _now = deadline > _now ? deadline : _now;
            _group.OnTimer(_now);
            Settle();
        }

        _now = end;
    }

    private void Report(bool fails)
    {
        if (!_unreported.TryDequeue(out var write))
        {
            return;
        }

        if (fails)
        {
            _group.OnPersistFailed(write.Sequence, ErrorCode.NotLeaderOrFollower, _now);
        }
        else
        {
            _journal.AddRange(write.Changes);
            _group.OnPersisted(write.Sequence, _now);
        }

        Settle();
    }

    // The old owner's last writes may or may not have reached the journal; its clients hear 16 and come here.
    private void Reload()
    {
        _group.Close(ErrorCode.NotCoordinator);
        _isClosed = true;
        Settle();
        for (var reached = _random.Next(_unreported.Count + 1); reached > 0; reached--)
        {
            _journal.AddRange(_unreported.Dequeue().Changes);
        }

        _unreported.Clear();
        Assert.All(_clients, client => Assert.False(client.IsWaiting));
        _invariants.AllTicketsDone();
        _group = Load();
        _isClosed = false;
        _invariants.Reloaded(_group, _journal);
    }

    private ConsumerGroup Load()
    {
        var group = new ConsumerGroup("g", _options, NewGuid, _budget);
        foreach (var change in _journal)
        {
            Assert.True(GroupJournalCodec.TryDecode(GroupJournalCodec.Encode("g", change), out _, out var decoded));
            group.Replay(decoded);
        }

        group.OnLoaded(_now);
        return group;
    }

    private void Settle()
    {
        for (var effects = _group.TakeEffects(); effects != GroupEffects.None; effects = _group.TakeEffects())
        {
            foreach (var write in effects.Writes)
            {
                _unreported.Enqueue(write);
            }

            foreach (var completion in effects.Completions)
            {
                _invariants.Completed(completion, _clients, _journal);
            }
        }

        foreach (var client in _clients)
        {
            _invariants.Opened(client);
        }

        _invariants.MatchesJournal(_group, _journal);
        GroupInvariants.MatchesBudget(_group, _budget, _isClosed ? null : _unreported);
    }

    // Whatever happened: if the journal works and all clients behave, the group becomes stable with all of them, or empty without.
    private void CalmDown()
    {
        while (_unreported.Count > 0)
        {
            Report(fails: false);
        }

        for (var round = 0; round < 400 && _clients.Exists(client => client.IsWaiting); round++)
        {
            Wait(TimeSpan.FromSeconds(1));
            while (_unreported.Count > 0)
            {
                Report(fails: false);
            }
        }

        Assert.All(_clients, client => Assert.False(client.IsWaiting, "A client waits for ever."));
        Wait(TimeSpan.FromHours(2));
        while (_unreported.Count > 0)
        {
            Report(fails: false);
        }

        Assert.Contains(_group.State, (GroupState[])[GroupState.Empty, GroupState.Dead]);
        Assert.Null(_group.NextDeadline);
        _invariants.AllTicketsDone();
    }
}
