using System.Collections.Concurrent;
using System.Diagnostics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

// Other tests run beside these and are traced too: what is ours descends from an activity of our own, which the connection's loop inherits.
public sealed class ProduceTraceTests : IDisposable
{
    private readonly Activity _test;
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _started = new();
    private readonly ConcurrentQueue<Activity> _ended = new();

    public ProduceTraceTests()
    {
        _test = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == GatewayMetrics.Name,
            Sample = (ref options) => options.Parent.TraceId == _test.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStarted = _started.Enqueue,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _test.Dispose();
    }

    [Fact]
    public async Task A_produce_is_traced_from_its_beginning_until_its_answer_is_written()
    {
        Activity.Current = _test;
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", "a"), 9);
        var answer = client.ReceiveAsync(ApiKey.Produce, 9);
        await GatewayHarness.UntilAsync(() => !_started.IsEmpty);

        Assert.Empty(_ended);
        await harness.PublishUntilAsync(answer);

        var trace = Assert.Single(_ended);
        Assert.Equal(("Produce", ActivityKind.Server, ActivityStatusCode.Unset), (trace.DisplayName, trace.Kind, trace.Status));
    }

    [Fact]
    public async Task A_refused_batch_is_an_error_of_its_trace()
    {
        Activity.Current = _test;
        await using var harness = new GatewayHarness();

        var refused = (await harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("nowhere", "a"), 9)).Only();

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, refused.ErrorCode);
        Assert.Equal(ActivityStatusCode.Error, Assert.Single(_ended).Status);
    }
}
