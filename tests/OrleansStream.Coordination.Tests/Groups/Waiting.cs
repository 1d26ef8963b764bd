using OrleansStream.Coordination.Groups.Effects;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>What a client holds that has asked and may have to wait.</summary>
internal sealed class Waiting<TAnswer>(TestGroup group, Reply<TAnswer> reply)
    where TAnswer : GroupAnswer
{
    public bool IsParked => reply.IsParked && !group.Completed.ContainsKey(reply.Ticket);

    public TAnswer Answer => !reply.IsParked ? reply.Answer : Assert.IsType<TAnswer>(group.Completed[reply.Ticket]);
}
