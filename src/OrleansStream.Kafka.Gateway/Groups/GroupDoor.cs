using System.Text;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Handlers;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Groups;

/// <summary>
/// Leads to the groups that this broker coordinates, without a grain between: answers come by tickets of this broker's own board. Whatever fails on the way becomes a code that sends the client to the coordinator
/// again; answers that take as long as a rebalance come by ticket.
/// </summary>
internal sealed class GroupDoor(ILocalGroups local, IClusterView cluster, TicketBoard tickets, GatewaySurroundings surroundings)
{
    private const int MaxIdBytes = short.MaxValue;
    private const int MostBytesOfCharacter = 3;

    // The group itself answers within the limit of grain calls; this is for one that does not.
    private static readonly TimeSpan AskAtMost = Limits.GrainCall + Limits.GrainCall;

    /// <summary>
    /// Whether the group can be asked here: INVALID_GROUP_ID for an id that is too long or, where groups have members, empty; NOT_COORDINATOR for one of another
    /// broker.
    /// </summary>
    /// <param name="groupId">Any text.</param>
    /// <param name="mayBeEmpty">Offsets were once committed without a group; they can still be written, read and deleted.</param>
    public ErrorCode Check(string groupId, bool mayBeEmpty = false) =>
        (groupId.Length == 0 && !mayBeEmpty) || IsTooLong(groupId) ? ErrorCode.InvalidGroupId
        : cluster.CoordinatorOf(groupId) != cluster.Self ? ErrorCode.NotCoordinator
        : ErrorCode.None;

    /// <summary>As <see cref="Check"/>, and <paramref name="ifUnknown"/> for a group that nobody ever joined: questions make no activations.</summary>
    public async ValueTask<ErrorCode> CheckExistingAsync(string groupId, ErrorCode ifUnknown, RequestContext context, bool mayBeEmpty = false)
    {
        var error = Check(groupId, mayBeEmpty);
        if (error != ErrorCode.None)
        {
            return error;
        }

        try
        {
            return await local.ExistsAsync(groupId, context.Gone).AsTask().WaitAsync(AskAtMost, surroundings.Time, context.Gone) ? ErrorCode.None : ifUnknown;
        }
        catch (Exception) when (!context.Gone.IsCancellationRequested)
        {
            // The journal is still being read, or cannot be: the same client comes to the same broker again.
            return ErrorCode.CoordinatorLoadInProgress;
        }
    }

    /// <summary>Asks the group.</summary>
    public Task<TAnswer> AskAsync<TState, TAnswer>(
        string groupId, TState state, Func<IGroupCalls, TState, Task<TAnswer>> call, Func<ErrorCode, TAnswer> onFailure, RequestContext context) =>
        GrainCalls.TryAsync(local.Of(groupId), state, call, _ => onFailure(ErrorCode.CoordinatorNotAvailable), (AskAtMost, surroundings.Time, context.Gone));

    /// <summary>Stores offsets, as long as offsets.commit.timeout.ms allows. Whether a commit that took longer becomes durable is not known; its client commits again.</summary>
    public async Task<CommitAnswer> CommitAsync(string groupId, CommitRequest commit, RequestContext context)
    {
        try
        {
            return await AskAsync(groupId, commit, static (grain, state) => grain.CommitAsync(state), static error => new CommitAnswer(error, []), context)
                .WaitAsync(surroundings.Options.OffsetCommitTimeout, surroundings.Time, context.Gone);
        }
        catch (TimeoutException)
        {
            return new CommitAnswer(ErrorCode.CoordinatorNotAvailable, []);
        }
    }

    /// <summary>Asks the group, and waits for the ticket if it answers with one: for its storage, whether the client has closed by then or not.</summary>
    public Task<TAnswer> AskAsync<TState, TAnswer>(
        string groupId, TState state, Func<IGroupCalls, TState, Task<Parkable<TAnswer>>> call, Func<ErrorCode, TAnswer> onFailure, RequestContext context)
        where TAnswer : class => AskAsync(groupId, state, call, onFailure, (context, context.Stopping));

    /// <summary>As <see cref="AskAsync{TState, TAnswer}(string, TState, Func{IGroupCalls, TState, Task{Parkable{TAnswer}}}, Func{ErrorCode, TAnswer}, RequestContext)"/>, where the ticket waits for other members: that is for nobody who has closed.</summary>
    public Task<TAnswer> MeetAsync<TState, TAnswer>(
        string groupId, TState state, Func<IGroupCalls, TState, Task<Parkable<TAnswer>>> call, Func<ErrorCode, TAnswer> onFailure, RequestContext context)
        where TAnswer : class => AskAsync(groupId, state, call, onFailure, (context, context.Ending));

    private async Task<TAnswer> AskAsync<TState, TAnswer>(
        string groupId,
        TState state,
        Func<IGroupCalls, TState, Task<Parkable<TAnswer>>> call,
        Func<ErrorCode, TAnswer> onFailure,
        (RequestContext Context, CancellationToken Ending) wait)
        where TAnswer : class
    {
        Task<Parkable<TAnswer>>? asked = null;
        Parkable<TAnswer>? answer = null;
        try
        {
            answer = await AskAsync(groupId, state, (grain, wish) => asked = call(grain, wish), error => new Parkable<TAnswer>(onFailure(error), 0), wait.Context);
        }
        finally
        {
            if (asked is not null && (!asked.IsCompletedSuccessfully || asked.Result != answer))
            {
                _ = ForgetLateAsync(asked);
            }
        }

        if (!answer.IsParked)
        {
            return answer.Answer;
        }

        try
        {
            return await tickets.WaitAsync<TAnswer>(answer.Ticket, wait.Ending);
        }
        catch (OperationCanceledException) when (!wait.Context.Gone.IsCancellationRequested)
        {
            // The broker stops: the group goes on elsewhere. Or the client has closed, and hears nothing.
            return onFailure(ErrorCode.NotCoordinator);
        }
    }

    // The client is gone, or has another answer by now; the call runs on, and nobody else takes its ticket off the board.
    private async Task ForgetLateAsync<TAnswer>(Task<Parkable<TAnswer>> asked)
        where TAnswer : class
    {
        try
        {
            var late = await asked;
            if (late.IsParked)
            {
                await tickets.WaitAsync<TAnswer>(late.Ticket, new CancellationToken(canceled: true));
            }
        }
        catch (Exception)
        {
            // The call failed, and there is no ticket; or nobody waited for it, which was the intention.
        }
    }

    // Bytes that are no UTF-8 grow when they are read: the id of such a request could neither be stored nor answered.
    private static bool IsTooLong(string groupId) => groupId.Length > MaxIdBytes / MostBytesOfCharacter && Encoding.UTF8.GetByteCount(groupId) > MaxIdBytes;

    /// <summary>The groups that this broker coordinates.</summary>
    public async Task<ListGroupsAnswer> ListAsync(RequestContext context)
    {
        try
        {
            return await local.ListAsync(context.Gone).WaitAsync(AskAtMost, surroundings.Time, context.Gone);
        }
        catch (Exception) when (!context.Gone.IsCancellationRequested)
        {
            return new ListGroupsAnswer(ErrorCode.CoordinatorLoadInProgress, []);
        }
    }
}
