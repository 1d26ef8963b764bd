using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A broker that stood still finds out whether its session goes on (rule W2).</summary>
public sealed class SessionWatchTests
{
    private static readonly SessionId Session = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    private readonly FakeTimeProvider _time = new();
    private readonly HeldSessions _sessions = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stall_is_over_when_the_record_says_that_the_session_goes_on()
    {
        var watch = Watch();
        _time.Advance(SessionWatch.LongestStall + TimeSpan.FromTicks(1));
        Assert.True(watch.IsStalled);
        Assert.False(watch.TryBeat());

        var confirming = watch.ConfirmAsync(Token);
        _sessions.Answer(SessionState.Open);
        await confirming;

        Assert.False(watch.IsStalled);
        Assert.True(watch.TryBeat());
    }

    // The first read was answered before the process stood still, or may have been: it says nothing of what happened then.
    [Fact]
    public async Task A_read_that_began_before_somebody_asks_does_not_answer_him()
    {
        var watch = Watch();
        _time.Advance(SessionWatch.LongestStall + TimeSpan.FromSeconds(1));
        var first = watch.ConfirmAsync(Token);

        var second = watch.ConfirmAsync(Token);
        var third = watch.ConfirmAsync(Token);
        _sessions.Answer(SessionState.Open);
        await first;
        Assert.False(second.IsCompleted);
        _sessions.Answer(SessionState.Fencing);

        await Assert.ThrowsAsync<SessionEndedException>(() => second);
        await Assert.ThrowsAsync<SessionEndedException>(() => third);
        Assert.Equal(2, _sessions.Asked);
    }

    [Fact]
    public async Task A_read_during_which_the_process_stood_still_is_repeated()
    {
        var watch = Watch();
        var confirming = watch.ConfirmAsync(Token);
        _time.Advance(SessionWatch.LongestStall + TimeSpan.FromTicks(1));

        _sessions.Answer(SessionState.Open);
        Assert.False(confirming.IsCompleted);
        Assert.True(watch.IsStalled);
        _sessions.Answer(SessionState.Fencing);

        await Assert.ThrowsAsync<SessionEndedException>(() => confirming);
    }

    [Fact]
    public async Task Storage_that_is_too_slow_to_tell_anything_is_left_to_the_patience_of_whoever_asks()
    {
        var confirming = Watch().ConfirmAsync(Token);
        for (var read = 0; read < 2; read++)
        {
            _time.Advance(SessionWatch.LongestStall + TimeSpan.FromTicks(1));
            _sessions.Answer(SessionState.Open);
        }

        Assert.True((await Assert.ThrowsAsync<StorageException>(() => confirming)).IsTransient);
        Assert.Equal(2, _sessions.Asked);
    }

    [Fact]
    public async Task Whoever_asked_behind_a_read_that_failed_is_answered_by_the_next()
    {
        var watch = Watch();
        var first = watch.ConfirmAsync(Token);
        var second = watch.ConfirmAsync(Token);

        _sessions.Fail(new StorageException("s/1", "Read", "a test said so"));
        await Assert.ThrowsAsync<StorageException>(() => first);
        _sessions.Answer(SessionState.Open);

        await second;
    }

    private SessionWatch Watch() => new(Session, _sessions, _time);

    /// <summary>Answers a read when the test says so.</summary>
    private sealed class HeldSessions : ISessionStore
    {
        private TaskCompletionSource<StoredSession?> _answer = new();

        public int Asked { get; private set; }

        public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken)
        {
            Asked++;
            return new(_answer.Task);
        }

        public void Answer(SessionState state) => Next().SetResult(new StoredSession(new SessionRecord(Session, state, Slot.Zero, null), new ETag("1")));

        public void Fail(Exception failure) => Next().SetException(failure);

        public ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<StoredSession> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        private TaskCompletionSource<StoredSession?> Next()
        {
            var answered = _answer;
            _answer = new TaskCompletionSource<StoredSession?>();
            return answered;
        }
    }
}
