using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class AnswerQueueTests
{
    // Pitfall 4: answers of one connection leave in the order of its requests, whatever finishes first.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Pitfall_4_answers_leave_in_the_order_of_their_requests_whatever_completes_first(int seed)
    {
        const int Requests = 500;
        var random = new Random(seed);
        var queue = NewQueue(out var sent, maxRequests: Requests);
        Answer[] answers = [.. Enumerable.Range(0, Requests).Select(number => new Answer(number) { Charge = 1 })];
        foreach (var answer in answers)
        {
            queue.Enter(answer);
        }

        var order = answers.ToArray();
        random.Shuffle(order);

        // From several threads at once, as lanes and errors do.
        await Parallel.ForEachAsync(order, TestContext.Current.CancellationToken, (answer, _) =>
        {
            queue.Complete(answer);
            return ValueTask.CompletedTask;
        });
        await queue.EmptyAsync();

        Assert.Equal(Enumerable.Range(0, Requests), Numbers(sent));
    }

    [Fact]
    public async Task A_request_beyond_the_count_waits_until_an_answer_has_left()
    {
        var queue = NewQueue(out _, maxRequests: 2);
        var first = new Answer(1) { Charge = 1 };
        queue.Enter(first);
        Assert.True(queue.RoomAsync(1).AsTask().IsCompleted);
        queue.Enter(new Answer(2) { Charge = 1 });

        var third = queue.RoomAsync(1).AsTask();
        Assert.False(third.IsCompleted);
        queue.Complete(first);

        await third;
    }

    [Fact]
    public async Task A_request_beyond_the_bytes_waits_unless_it_is_alone()
    {
        var queue = NewQueue(out _, maxBytes: 100);
        Assert.True(queue.RoomAsync(1_000).AsTask().IsCompleted);
        var first = new Answer(1) { Charge = 60 };
        queue.Enter(first);
        Assert.True(queue.RoomAsync(40).AsTask().IsCompleted);

        var second = queue.RoomAsync(41).AsTask();
        Assert.False(second.IsCompleted);
        queue.Complete(first);

        await second;
    }

    [Fact]
    public async Task A_failed_request_without_an_answer_ends_the_connection_behind_the_answers_before_it()
    {
        var aborted = new TaskCompletionSource<Exception?>();
        var queue = NewQueue(out var sent, abort: aborted.SetResult);
        var first = new Answer(1) { Charge = 1 };
        var second = new Answer(2) { Charge = 1, Closes = true };
        queue.Enter(first);
        queue.Enter(second);

        queue.Complete(second);
        queue.Complete(first);

        Assert.IsType<ProtocolViolationException>(await aborted.Task);
        Assert.Equal([1], Numbers(sent));
    }

    // An exception that left the work item would end the process, and the test run with it.
    [Fact]
    public async Task A_connection_is_given_up_before_its_queue_and_a_failure_of_that_harms_nobody()
    {
        AnswerQueue? queue = null;
        var unanswered = new TaskCompletionSource<int>();
        queue = NewQueue(out _, abort: _ =>
        {
            unanswered.SetResult(queue!.Count);
            throw new InvalidOperationException("Whatever else ends with the connection.");
        });
        var answer = new Answer(1) { Charge = 1, Closes = true };
        queue.Enter(answer);
        var empty = queue.EmptyAsync().AsTask();

        queue.Complete(answer);

        Assert.Equal(1, await unanswered.Task);
        await empty;
    }

    [Fact]
    public async Task Closing_lets_everybody_go_on_and_drops_late_answers()
    {
        var queue = NewQueue(out var sent, maxRequests: 1);
        var first = new Answer(1) { Charge = 1 };
        queue.Enter(first);
        var room = queue.RoomAsync(1).AsTask();

        queue.Close();
        await room;
        await queue.EmptyAsync();
        queue.Complete(first);

        Assert.Empty(Numbers(sent));
    }

    // What an answer holds on to until it has left, such as its trace, has to end all the same.
    [Fact]
    public async Task Answers_that_a_closed_connection_never_sends_are_told_so_once()
    {
        var queue = NewQueue(out _);
        Answer[] answers = [new(1) { Charge = 1 }, new(2) { Charge = 1 }];
        foreach (var answer in answers)
        {
            queue.Enter(answer);
        }

        queue.Complete(answers[1]);
        queue.Close();
        await queue.EmptyAsync();

        Assert.Equal([1, 1], answers.Select(answer => answer.Drops));
    }

    private static AnswerQueue NewQueue(out Pipe sent, int maxRequests = 64, long maxBytes = 1024, Action<Exception?>? abort = null)
    {
        sent = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        return new AnswerQueue(new PipeOutput(sent.Writer, new ConnectionActivity(new FakeTimeProvider(), minBytesPerSecond: 0)), maxRequests, maxBytes, abort ?? (failure => Assert.Null(failure)));
    }

    private static List<int> Numbers(Pipe sent)
    {
        var numbers = new List<int>();
        if (sent.Reader.TryRead(out var read))
        {
            var bytes = read.Buffer.ToArray();
            for (var at = 0; at < bytes.Length; at += sizeof(int))
            {
                numbers.Add(BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)));
            }
        }

        return numbers;
    }

    private sealed class Answer(int number) : PendingAnswer
    {
        public bool Closes { get; init; }

        public int Drops { get; private set; }

        public override void Drop() => Drops++;

        public override bool TryWrite(ProtocolWriter writer, out bool close)
        {
            close = Closes;
            writer.WriteInt32(number);
            return !close;
        }

        public override void Expire(long now)
        {
        }
    }
}
