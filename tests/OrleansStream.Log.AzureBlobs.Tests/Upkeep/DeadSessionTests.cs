using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>Sessions that nobody appends to any more (rules R4, R5, D5).</summary>
public sealed class DeadSessionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_brokers_partitions_are_opened_its_frames_taken_over_its_session_closed_and_its_blocks_deleted()
    {
        using var world = new UpkeepWorld();
        var (first, second) = (world.Start(1), world.Start(2));
        var session = first.Session;
        for (var index = 0; index < 5; index++) world.Append(first, UpkeepWorld.PartitionOf(index), batches: 3, valueBytes: 2000 + (index * 20_000));
        world.Kill(first);

        // Nobody asks for them: after ten minutes they are opened all the same.
        world.Pass(TimeSpan.FromMinutes(12));
        Assert.Equal(5, second.Log.Handles.All.Count());
        Assert.True(world.BlocksOf(session) > 0);
        Assert.Equal(SessionState.Fencing, await StateOf(world, session));

        // A minute later what was inherited is due; the walk that follows closes the session, and the one after that deletes.
        world.Pass(TimeSpan.FromMinutes(75));

        Assert.Equal((SessionState.Closed, 0), (await StateOf(world, session), world.BlocksOf(session)));
        Assert.Contains(world.Slots, name => name.Contains($"/{session}/", StringComparison.Ordinal)); // Its fence.
        Assert.Equal((1, 1), (second.Log.Shared.SessionsClosed, world.Names("r/").Count));
        world.AssertAllIsThere(second);
        for (var index = 0; index < 5; index++) Assert.DoesNotContain(world.ManifestOf(UpkeepWorld.PartitionOf(index)).Extents, extent => extent is WalExtent);
    }

    // How old it is nobody knows but who has it: with each move it is as new as at first.
    [Fact]
    public async Task A_dead_session_is_released_although_its_partitions_move_on_every_few_minutes()
    {
        using var world = new UpkeepWorld();
        var (first, others, partition) = (world.Start(1), new[] { world.Start(2), world.Start(3) }, UpkeepWorld.PartitionOf(0));
        var session = first.Session;
        world.Append(first, partition, batches: 3);
        world.Kill(first);

        for (var move = 0; move < 15; move++)
        {
            world.Open(others[move % 2], partition);
            world.Pass(TimeSpan.FromMinutes(3));
        }

        Assert.Equal((SessionState.Closed, 0), (await StateOf(world, session), world.BlocksOf(session)));
        Assert.DoesNotContain(world.ManifestOf(partition).Extents, static extent => extent is WalExtent);
        world.AssertAllIsThere(others[0]);
    }

    // Until then storage is for those who take over, and for a broker that comes back.
    [Fact]
    public void What_was_inherited_is_left_alone_for_a_minute_and_no_longer_than_another_look_takes()
    {
        using var world = new UpkeepWorld();
        var (first, second, partition) = (world.Start(1), world.Start(2), UpkeepWorld.PartitionOf(0));
        world.Append(first, partition, batches: 3);
        world.Kill(first);
        world.Open(second, partition);

        world.Pass(TimeSpan.FromSeconds(59));
        Assert.Contains(world.ManifestOf(partition).Extents, extent => extent is WalExtent);

        world.Pass(TimeSpan.FromSeconds(40));
        Assert.DoesNotContain(world.ManifestOf(partition).Extents, extent => extent is WalExtent);
        world.AssertAllIsThere(second);
    }

    [Fact]
    public async Task What_a_closed_session_still_has_of_late_puts_is_deleted_and_after_thirty_days_all_of_it_is_gone()
    {
        using var world = new UpkeepWorld();
        var (first, second) = (world.Start(1), world.Start(2));
        var session = first.Session;
        world.Append(first, UpkeepWorld.PartitionOf(0), batches: 3);
        world.Kill(first);
        world.Pass(TimeSpan.FromHours(1));
        Assert.Equal(SessionState.Closed, await StateOf(world, session));

        await world.Blobs.PutAsync(BlobNames.BlockOf(session, new Slot(40)), new(new byte[5000]), null, Guid.Empty, Token);
        world.Pass(TimeSpan.FromDays(1.2), TimeSpan.FromMinutes(1));
        Assert.Equal(0, world.BlocksOf(session));

        world.Pass(TimeSpan.FromDays(30), TimeSpan.FromMinutes(5));
        Assert.DoesNotContain(world.Blobs.Names, name => name.Contains(session.ToString(), StringComparison.Ordinal));
        world.AssertAllIsThere(second);
    }

    // Its broker may be about to name it: a session has its record first.
    [Fact]
    public async Task A_session_with_a_record_and_no_name_is_left_alone_for_ten_minutes_and_closed_after_them()
    {
        using var world = new UpkeepWorld();
        world.Start(1);
        var session = new SessionId(new BrokerId(9), Guid.NewGuid());
        await world.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, null), null, Token);

        world.Living.Single().Log.Shared.OnMembershipChanged();
        world.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal(SessionState.Open, await StateOf(world, session));

        world.Pass(TimeSpan.FromMinutes(12));
        Assert.Equal(SessionState.Closed, await StateOf(world, session));
    }

    // A request that gave up by itself looks as one does that was cancelled.
    [Fact]
    public async Task A_session_whose_requests_give_up_keeps_no_other_from_its_turn()
    {
        using var world = new UpkeepWorld();
        world.Start(1);
        SessionId[] sessions = [.. Enumerable.Range(1, 2).Select(static number => new SessionId(new BrokerId(9), new Guid(number, 0, 0, new byte[8])))];
        foreach (var session in sessions) await world.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, null), null, Token);
        world.Blobs.BeforeCall = call =>
        {
            if (call.Kind != BlobCallKind.List && call.Name == BlobNames.SessionOf(sessions[0])) throw new TaskCanceledException("The request took too long.");
        };

        world.Living.Single().Log.Shared.OnMembershipChanged();
        world.Pass(TimeSpan.FromMinutes(22));

        world.Blobs.BeforeCall = null;
        Assert.Equal(SessionState.Open, await StateOf(world, sessions[0]));
        Assert.Equal(SessionState.Closed, await StateOf(world, sessions[1]));
    }

    [Fact]
    public async Task The_sessions_of_brokers_that_live_are_never_ended()
    {
        using var world = new UpkeepWorld();
        UpkeepBroker[] brokers = [world.Start(1), world.Start(2), world.Start(3)];
        SessionId[] sessions = [.. brokers.Select(static broker => broker.Session)];

        world.Pass(TimeSpan.FromHours(2));

        foreach (var session in sessions) Assert.Equal(SessionState.Open, await StateOf(world, session));
        Assert.Equal(sessions, brokers.Select(static broker => broker.Session));
    }

    [Fact]
    public async Task A_dead_session_whose_partitions_were_all_deleted_is_closed_without_their_being_opened()
    {
        using var world = new UpkeepWorld();
        var (first, second) = (world.Start(1), world.Start(2));
        var (session, partition) = (first.Session, UpkeepWorld.PartitionOf(0));
        world.Append(first, partition, batches: 3);
        world.Kill(first);
        world.DeletedTopics.Add(partition.Topic);
        world.Wait(second.DeleteAsync(partition));

        world.Pass(TimeSpan.FromMinutes(25));

        Assert.Equal((SessionState.Closed, 0), (await StateOf(world, session), world.BlocksOf(session)));
        Assert.Empty(second.Log.Handles.All);
    }

    private static async Task<SessionState?> StateOf(UpkeepWorld world, SessionId session) =>
        (await world.Sessions.GetAsync(session, Token))?.Record.State;
}
