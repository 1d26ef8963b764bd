using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

public sealed class PutQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly PutQueue _queue;

    public PutQueueTests() => _queue = new PutQueue(new UndecidedPuts(_time, new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)), _ended.Token);

    public void Dispose() => _ended.Dispose();

    [Fact]
    public async Task Until_the_account_is_too_busy_nobody_waits()
    {
        for (var slot = 0; slot < 10; slot++) Assert.False(await Completed(Enter(slot)));
        Assert.False(_queue.IsBusy);
    }

    [Fact]
    public async Task After_a_pause_the_lowest_slot_is_tried_alone_and_the_others_when_it_got_through()
    {
        var turns = new[] { 3, 1, 2 }.Select(slot => (Slot: slot, Turn: Refused(slot))).ToDictionary(waiting => waiting.Slot, waiting => waiting.Turn);
        var late = Enter(4);
        Assert.All([.. turns.Values, late], static turn => Assert.False(turn.IsCompleted));

        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(await Completed(turns[1]));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.All([turns[2], turns[3], late], static turn => Assert.False(turn.IsCompleted));
        _queue.Passed();

        Assert.False(_queue.IsBusy);
        foreach (var turn in new[] { turns[2], turns[3], late }) Assert.False(await Completed(turn));
    }

    // Of a volley that was on its way when the account became busy all are refused: one pause, not one for each.
    [Fact]
    public async Task Puts_that_are_refused_together_make_one_pause()
    {
        var turns = Enumerable.Range(0, 6).Select(slot => Refused(slot)).ToList();

        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await Completed(turns[0]));
        Assert.All(turns.Skip(1), static turn => Assert.False(turn.IsCompleted));
    }

    [Fact]
    public async Task Each_trial_in_vain_doubles_the_pause_up_to_two_seconds()
    {
        var turn = Refused(0);
        var pauses = new List<double>();
        for (var trial = 0; trial < 9; trial++)
        {
            var waited = 0;
            for (; !turn.IsCompleted; waited++) _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(await Completed(turn));
            pauses.Add(waited);
            turn = Refused(0, wasTrial: true);
        }

        // Half of a pause is jitter.
        double[] longest = [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000];
        Assert.All(pauses.Zip(longest), static pause => Assert.InRange(pause.First, pause.Second / 2, pause.Second + 1));
    }

    [Fact]
    public async Task A_turn_whose_put_was_given_up_passes_to_the_next()
    {
        using var given = new CancellationTokenSource();
        var first = _queue.RefusedAsync(new Slot(0), wasTrial: false, given.Token).AsTask();
        var second = Refused(1);
        await given.CancelAsync();

        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(first.IsCanceled);
        Assert.True(await Completed(second));
    }

    [Fact]
    public async Task When_all_have_given_up_nobody_waits_any_more()
    {
        using var given = new CancellationTokenSource();
        var only = _queue.RefusedAsync(new Slot(0), wasTrial: false, given.Token).AsTask();
        await given.CancelAsync();
        Assert.True(_queue.IsBusy);

        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(only.IsCanceled);
        Assert.False(await Completed(Enter(1)));
    }

    [Fact]
    public async Task What_a_put_finds_that_was_sent_before_the_first_refusal_lets_nobody_go()
    {
        var refused = Refused(1); // Slot 0 was sent with it and got through: that says nothing of now.

        Assert.True(_queue.IsBusy);
        Assert.False(refused.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(await Completed(refused));
    }

    [Fact]
    public async Task After_the_end_of_the_lane_no_pause_goes_on()
    {
        var waiting = Refused(0);
        await _ended.CancelAsync();

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.False(waiting.IsCompleted); // Its own token ends it.
    }

    private Task<bool> Enter(long slot) => _queue.EnterAsync(new Slot(slot), CancellationToken.None).AsTask();

    private Task<bool> Refused(long slot, bool wasTrial = false) => _queue.RefusedAsync(new Slot(slot), wasTrial, CancellationToken.None).AsTask();

    private static async Task<bool> Completed(Task<bool> turn)
    {
        Assert.True(turn.IsCompleted, "The turn has not come.");
        return await turn;
    }
}
