using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Model;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class ReadPermitsTests
{
    private readonly ReadPermits _permits = new(new BlobReadingOptions { HotRequests = 2, HotBytes = 8 * Limits.MiB, ColdRequests = 1, BackgroundRequests = 1 });

    [Fact]
    public async Task So_many_requests_go_at_once_and_the_next_when_one_is_over()
    {
        var first = Enter(1);
        Enter(1);
        var third = Wait(1);
        var fourth = Wait(1);
        Assert.Equal((2, 2, 2L), (_permits.Running(ReadPriority.Hot), _permits.Waiting(ReadPriority.Hot), _permits.RunningBytes(ReadPriority.Hot)));

        _permits.Leave(first);

        await third;
        Assert.False(fourth.IsCompleted);
    }

    [Fact]
    public void So_many_bytes_go_at_once()
    {
        var large = Enter(5 * Limits.MiB);
        Enter(3 * Limits.MiB);
        _permits.Leave(large);
        Assert.False(_permits.TryEnter(Ticket((5 * Limits.MiB) + 1)));
        Assert.True(_permits.TryEnter(Ticket(5 * Limits.MiB)));
        Assert.Equal(8 * Limits.MiB, _permits.Bytes);
    }

    [Fact]
    public async Task What_is_larger_than_the_bound_goes_alone()
    {
        var small = Enter(1);
        var large = Wait(9 * Limits.MiB);
        Assert.False(large.IsCompleted);

        _permits.Leave(small);

        await large;
        Assert.False(_permits.TryEnter(Ticket(1)));
    }

    [Fact]
    public void Nobody_overtakes_who_waits()
    {
        Enter(4 * Limits.MiB);
        Assert.False(Wait(5 * Limits.MiB).IsCompleted);
        Assert.False(_permits.TryEnter(Ticket(1)));
        Assert.False(Wait(1).IsCompleted);
    }

    [Fact]
    public async Task Whoever_gives_up_leaves_the_queue_and_lets_those_behind_go()
    {
        Enter(4 * Limits.MiB);
        using var ends = new CancellationTokenSource();
        var large = _permits.EnterAsync(Ticket(5 * Limits.MiB), ends.Token);
        var small = Wait(1);

        await ends.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small;
        Assert.Equal((2, 0), (_permits.Running(ReadPriority.Hot), _permits.Waiting(ReadPriority.Hot)));
    }

    [Fact]
    public void Kinds_take_nothing_from_each_other()
    {
        Enter(1);
        Enter(1);
        Assert.True(_permits.TryEnter(Ticket(1, ReadPriority.Cold)));
        Assert.True(_permits.TryEnter(Ticket(1, ReadPriority.Background)));
        Assert.False(_permits.TryEnter(Ticket(1, ReadPriority.Background)));
    }

    [Fact]
    public async Task A_request_that_waits_may_become_more_urgent_and_never_less()
    {
        Assert.True(_permits.TryEnter(Ticket(1, ReadPriority.Background)));
        var ticket = Ticket(1, ReadPriority.Background);
        var waiting = _permits.EnterAsync(ticket, CancellationToken.None);

        _permits.Promote(ticket, ReadPriority.Background);
        Assert.False(waiting.IsCompleted);
        _permits.Promote(ticket, ReadPriority.Hot);
        await waiting;

        _permits.Promote(ticket, ReadPriority.Cold);
        Assert.Equal((1, 0, 1), (_permits.Running(ReadPriority.Hot), _permits.Running(ReadPriority.Cold), _permits.Running(ReadPriority.Background)));
        _permits.Leave(ticket);
        Assert.Equal(0, _permits.Running(ReadPriority.Hot));
    }

    // Between the moment in which others can know of a request and that in which it stands in line, somebody more urgent may come to wait for it.
    [Fact]
    public void A_request_that_became_urgent_before_it_stood_in_line_stands_in_the_right_one()
    {
        Assert.True(_permits.TryEnter(Ticket(1, ReadPriority.Background)));
        var ticket = Ticket(1, ReadPriority.Background);

        _permits.Promote(ticket, ReadPriority.Hot);

        Assert.True(_permits.TryEnter(ticket));
        Assert.Equal((1, 1), (_permits.Running(ReadPriority.Hot), _permits.Running(ReadPriority.Background)));
        _permits.Promote(ticket, ReadPriority.Open);
        _permits.Leave(ticket);
        Assert.Equal((0, 0), (_permits.Running(ReadPriority.Hot), _permits.Running(ReadPriority.Open)));
    }

    private static ReadTicket Ticket(int bytes, ReadPriority priority = ReadPriority.Hot) => new(priority, bytes);

    private ReadTicket Enter(int bytes)
    {
        var ticket = Ticket(bytes);
        Assert.True(_permits.TryEnter(ticket));
        return ticket;
    }

    private Task Wait(int bytes) => _permits.EnterAsync(Ticket(bytes), CancellationToken.None);
}
