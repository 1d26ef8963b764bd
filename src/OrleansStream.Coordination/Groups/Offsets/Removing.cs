using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Offsets;

/// <summary>Offsets and groups that go: by request, by age, or with their topic.</summary>
internal sealed class Removing(GroupContents group, InFlightOffsets inFlight)
{
    public Reply<DeleteOffsetsAnswer> DeleteOffsets(IReadOnlyList<OffsetToDelete> offsets)
    {
        var error = !Exists ? ErrorCode.GroupIdNotFound
            : group.Standing is { HasMembers: true, UsesConsumerProtocol: false } ? ErrorCode.NonEmptyGroup
            : ErrorCode.None;
        if (error is not ErrorCode.None)
        {
            return new(FailedOffsets(error, offsets.Count));
        }

        var results = new ErrorCode[offsets.Count];
        var removed = new List<PartitionId>();
        for (var i = 0; i < results.Length; i++)
        {
            if (group.Standing.IsSubscribedTo(offsets[i].TopicName))
            {
                results[i] = ErrorCode.GroupSubscribedToTopic;
            }
            else if (IsKnown(offsets[i].Partition))
            {
                removed.Add(offsets[i].Partition);
            }
        }

        return removed.Count == 0 ? new(new DeleteOffsetsAnswer { Partitions = results }) : Store(removed, results);
    }

    public Reply<DeleteGroupAnswer> DeleteGroup()
    {
        if (!Exists || group.Standing.HasMembers)
        {
            return new(new DeleteGroupAnswer { Error = Exists ? ErrorCode.NonEmptyGroup : ErrorCode.GroupIdNotFound });
        }

        var ticket = group.Outbox.NewTicket(static error => new DeleteGroupAnswer { Error = error });
        StoreRemoval(error => group.Outbox.Complete(ticket, new DeleteGroupAnswer { Error = error }));
        return new(ticket);
    }

    public void Expire()
    {
        if (!Exists)
        {
            return;
        }

        var expired = OffsetExpiry.Expired(group.Durable, group.Standing, group.Options.OffsetsRetention, group.Now);
        expired.RemoveAll(inFlight.Contains);
        if (expired.Count > 0)
        {
            group.Outbox.Say(GroupEventKind.OffsetsExpired, group.GroupId, expired.Count);
        }

        var isLeftEmpty = group.Standing.State is GroupState.Empty && expired.Count == group.Durable.Offsets.Count;
        if (isLeftEmpty && inFlight.Count == 0 && group.Roster.Pending.Count == 0)
        {
            StoreRemoval(_ => { });
        }
        else if (expired.Count > 0)
        {
            group.Outbox.Write([new OffsetsRemoved(expired)], () => { }, _ => { });
        }
    }

    /// <summary>If the journal fails the offsets stay until they expire. Nobody sees them: the topic's id is never used again.</summary>
    public void OnTopicDeleted(TopicId topic)
    {
        var removed = group.Durable.Offsets.Keys.Union(inFlight.Partitions).Where(partition => partition.Topic == topic).Order().ToList();
        if (removed.Count > 0)
        {
            group.Outbox.Write([new OffsetsRemoved(removed)], () => { }, _ => { });
        }
    }

    public static DeleteOffsetsAnswer FailedOffsets(ErrorCode error, int partitions) => new() { Error = error, Partitions = [.. Enumerable.Repeat(error, partitions)] };

    private bool Exists => group.Standing is { State: not GroupState.Dead, IsBeingDeleted: false };

    private bool IsKnown(PartitionId partition) => group.Durable.Offsets.ContainsKey(partition) || inFlight.Contains(partition);

    private Reply<DeleteOffsetsAnswer> Store(List<PartitionId> removed, ErrorCode[] results)
    {
        var ticket = group.Outbox.NewTicket(error => FailedOffsets(error, results.Length));
        group.Outbox.Write(
            [new OffsetsRemoved(removed)],
            () => group.Outbox.Complete(ticket, new DeleteOffsetsAnswer { Partitions = results }),
            error => group.Outbox.Complete(ticket, FailedOffsets(JournalErrors.ForClients(error), results.Length)));
        return new(ticket);
    }

    // Until the journal has decided the group is Dead to everybody, so that nothing can come between the removal and its answer.
    private void StoreRemoval(Action<ErrorCode> whenDone)
    {
        group.Standing.IsBeingDeleted = true;
        group.Outbox.Write(
            [new GroupRemoved()],
            () =>
            {
                Forget();
                group.Outbox.Say(GroupEventKind.GroupDeleted, group.GroupId);
                whenDone(ErrorCode.None);
            },
            error =>
            {
                group.Standing.IsBeingDeleted = false;
                whenDone(JournalErrors.ForClients(error));
            });
    }

    private void Forget()
    {
        group.Roster.Pending.Clear();
        group.Sessions.Clear();
        group.Standing.Forget(group.Now);
    }
}
