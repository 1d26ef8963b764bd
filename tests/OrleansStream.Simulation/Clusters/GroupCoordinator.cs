using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// The groups of one journal partition as long as a broker owns it in one epoch: the shipped groups over the shipped journal, brought together as the server's
/// grains do it, without Orleans and its threads.
/// </summary>
internal sealed class GroupCoordinator(JournalPartition journal, TimeProvider time) : IJournalState
{
    private readonly Dictionary<string, ConsumerGroup> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, GroupTicket Ticket), Action<ErrorCode>> _tickets = [];
    private readonly List<Task> _unsettled = [];
    private bool _isCondensing;

    public PartitionHandle Handle => journal.Handle;

    /// <summary>Snapshots that came to stand.</summary>
    public int Snapshots { get; private set; }

    private DateTimeOffset Now => time.GetUtcNow();

    public async Task<ErrorCode> LoadAsync()
    {
        var error = await journal.LoadAsync(this, CancellationToken.None);
        foreach (var group in _groups.Values) group.OnLoaded(Now);
        return error;
    }

    public long CommittedOf(string groupId, PartitionId partition) => Get(groupId).CommittedOffset(partition)?.Offset.Value ?? -1;

    /// <summary>Commits as a consumer without a group's help does; the answer comes when it is durable, or never if the journal goes elsewhere.</summary>
    public void Commit(string groupId, PartitionId partition, long offset, Action<ErrorCode> onAnswer)
    {
        var group = Get(groupId);
        var reply = group.Commit(new CommitRequest { Offsets = [new OffsetToCommit(partition, "simulated", new Offset(offset), LeaderEpoch.None, null)] }, Now);
        if (reply.IsParked) _tickets[(groupId, reply.Ticket)] = onAnswer;
        Settle(group);
        if (!reply.IsParked) onAnswer(reply.Answer.Error);
    }

    /// <summary>Writes a snapshot if the journal has grown enough to be worth it.</summary>
    public async Task CondenseAsync()
    {
        if (!journal.WantsSnapshot || _isCondensing || !Handle.IsOwner) return;
        _isCondensing = true;
        try
        {
            // Every change below that offset has reached its group before the first group is read; those above may be in it, and say the same again.
            var coversTo = Handle.HighWatermark;
            await Task.WhenAll(_unsettled.ToList());
            var content = new ArrayBufferWriter<byte>();
            foreach (var group in _groups.Values)
            {
                var bytes = GroupJournalCodec.Encode(group.GroupId, group.Snapshot());
                BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(sizeof(int)), bytes.Length);
                content.Advance(sizeof(int));
                content.Write(bytes);
            }

            if (await journal.SnapshotAsync(new ReadOnlySequence<byte>(content.WrittenMemory), coversTo, CancellationToken.None)) Snapshots++;
        }
        finally
        {
            _isCondensing = false;
        }
    }

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        while (!snapshot.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(snapshot);
            Replay(snapshot.Slice(sizeof(int), length));
            snapshot = snapshot[(sizeof(int) + length)..];
        }
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change) => Replay(change);

    private void Replay(ReadOnlySpan<byte> record)
    {
        if (!GroupJournalCodec.TryDecode(record, out var groupId, out var change)) throw new LogException("A record of a group journal cannot be read.");
        Get(groupId).Replay(change);
    }

    private ConsumerGroup Get(string groupId)
    {
        if (!_groups.TryGetValue(groupId, out var group)) _groups[groupId] = group = new ConsumerGroup(groupId, new GroupOptions(), static () => Guid.Empty);
        return group;
    }

    private void Settle(ConsumerGroup group)
    {
        var effects = group.TakeEffects();
        foreach (var write in effects.Writes)
        {
            _unsettled.RemoveAll(static task => task.IsCompleted);
            _unsettled.Add(PersistAsync(group, write, journal.AppendAsync([.. write.Changes.Select(change => new ReadOnlyMemory<byte>(GroupJournalCodec.Encode(group.GroupId, change)))])));
        }

        foreach (var completion in effects.Completions)
        {
            if (_tickets.Remove((group.GroupId, completion.Ticket), out var onAnswer)) onAnswer(ErrorOf((CommitAnswer)completion.Answer));
        }
    }

    private async Task PersistAsync(ConsumerGroup group, JournalWrite write, Task<AppendOutcome> appended)
    {
        var outcome = await appended;
        if (outcome.Error == ErrorCode.None) group.OnPersisted(write.Sequence, Now);
        else group.OnPersistFailed(write.Sequence, outcome.Error, Now);
        Settle(group);
    }

    private static ErrorCode ErrorOf(CommitAnswer answer) => answer.Error != ErrorCode.None ? answer.Error : answer.Partitions[0];
}
