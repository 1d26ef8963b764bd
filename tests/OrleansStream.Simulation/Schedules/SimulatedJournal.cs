using System.Buffers;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;

namespace OrleansStream.Simulation.Schedules;

/// <summary>
/// A coordinator over one journal partition: loads whenever the partition was opened anew, appends commands, takes snapshots. What was acknowledged once, or
/// found by a load, must be in every state that is loaded later, at the same offset.
/// </summary>
internal sealed class SimulatedJournal(PartitionId partition)
{
    private readonly SortedDictionary<long, int> _settled = [];
    private JournalPartition? _loaded;
    private List<int> _state = [];
    private SortedDictionary<long, int> _answered = [];
    private int _nextCommand;
    private bool _isBusy;

    public PartitionId Partition => partition;

    public static PartitionSettings Settings { get; } = new() { Deletes = false };

    public int Settled => _settled.Count;

    /// <summary>How many loads began with a snapshot.</summary>
    public int Restored { get; private set; }

    /// <summary>The process is gone, and the coordinator with it.</summary>
    public void Forget()
    {
        _loaded = null;
        _isBusy = false;
    }

    /// <summary>Loads the state if the open partition is another one than before, and compares.</summary>
    public async Task LoadAsync(SimulatedBroker broker)
    {
        if (_isBusy || !broker.Handles.TryGet(partition, out var handle) || ReferenceEquals(_loaded?.Handle, handle)) return;
        _isBusy = true;
        try
        {
            var journal = new JournalPartition(handle, broker.Journals!);
            var state = new JournalState();
            var error = await journal.LoadAsync(state, CancellationToken.None);
            if (error != ErrorCode.None) throw new UnreadableException($"Journal {partition} cannot be loaded: {error}");
            Compare(state, handle.HighWatermark.Value);
            if (state.WasRestored) Restored++;
            _state = state.Commands;
            _answered = [];
            _loaded = journal;
        }
        finally
        {
            _isBusy = false;
        }
    }

    /// <summary>Appends a few commands together.</summary>
    public async Task AppendAsync(SimulatedBroker broker, int count, int padding)
    {
        if (_loaded is not { } journal) return;
        var first = _nextCommand;
        _nextCommand += count;
        var outcome = await journal.AppendAsync([.. Enumerable.Range(first, count).Select(command => new ReadOnlyMemory<byte>(JournalState.EncodeChange(command, padding)))]);
        if (outcome.Error != ErrorCode.None || broker.IsGone) return;
        for (var i = 0; i < count; i++) Settle(outcome.BaseOffset.Value + i, first + i, journal);
    }

    /// <summary>Saves the state as far as it is known, which may be behind what is durable.</summary>
    public async Task SnapshotAsync()
    {
        if (_loaded is not { } journal || _isBusy || !journal.Handle.IsOwner) return;
        _isBusy = true;
        try
        {
            await journal.SnapshotAsync(new ReadOnlySequence<byte>(JournalState.Encode(_state)), new Offset(_state.Count), CancellationToken.None);
        }
        finally
        {
            _isBusy = false;
        }
    }

    private void Settle(long offset, int command, JournalPartition by)
    {
        if (_settled.TryGetValue(offset, out var there) && there != command) throw new ViolationException($"Journal {partition}: offset {offset} was acknowledged for two commands");
        _settled[offset] = command;
        if (!ReferenceEquals(by, _loaded)) return;
        _answered[offset] = command;
        while (_answered.Remove(_state.Count, out var next)) _state.Add(next);
    }

    private void Compare(JournalState state, long highWatermark)
    {
        var commands = state.Commands;
        if (commands.Count < highWatermark) throw new ViolationException($"Journal {partition}: {commands.Count} commands were loaded of {highWatermark}");
        foreach (var (offset, command) in _settled)
        {
            if (offset >= commands.Count || commands[(int)offset] != command) throw new ViolationException($"Journal {partition}: the command at offset {offset} is lost");
        }

        if (commands.Distinct().Count() != commands.Count) throw new ViolationException($"Journal {partition}: a command stands twice");
        if (commands.Exists(command => command < 0 || command >= _nextCommand)) throw new ViolationException($"Journal {partition}: a command was loaded that was never sent");
        for (var offset = 0; offset < commands.Count; offset++) _settled[offset] = commands[offset];
    }
}
