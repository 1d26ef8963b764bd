using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>What the gateway tells about itself.</summary>
public sealed class GatewayMetrics : IDisposable
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "OrleansStream.Gateway";

    internal static readonly ActivitySource Traces = new(Name);

    private readonly Meter _meter;
    private readonly Histogram<double> _requests;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _malformed;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _stalled;
    private readonly Counter<long> _delayed;
    private readonly Counter<long> _throttled;
    private readonly Histogram<double> _appendToFetch;
    private int _fetchesWaiting;

    public GatewayMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(Name);
        _requests = _meter.CreateHistogram<double>("orleansstream.gateway.request.duration", "s", "From a request's last byte to its answer, by API.");
        _errors = _meter.CreateCounter<long>("orleansstream.gateway.errors", "{error}", "Errors in answers, by API and code.");
        _malformed = _meter.CreateCounter<long>("orleansstream.gateway.malformed", "{frame}", "Frames that could not be read; each closed its connection.");
        _refused = _meter.CreateCounter<long>("orleansstream.gateway.connections.refused", "{connection}", "Connections above a bound.");
        _stalled = _meter.CreateCounter<long>("orleansstream.gateway.connections.stalled", "{connection}", "Connections closed because their peer took or sent nothing, or sent a request too slowly.");
        _delayed = _meter.CreateCounter<long>("orleansstream.gateway.connections.delayed", "{connection}", "Connections that waited since others had come shortly before.");
        _throttled = _meter.CreateCounter<long>("orleansstream.gateway.produce.throttled", "{answer}", "Produce answers that told their client to wait, since storage does not take records fast enough.");
        _appendToFetch = _meter.CreateHistogram<double>("orleansstream.gateway.append_to_fetch.duration", "s", "Of a fetch that waited: from the opening of the block with its newest bytes to the answer having them.");
        _meter.CreateObservableGauge("orleansstream.gateway.waiters.fetch", () => Volatile.Read(ref _fetchesWaiting), "{fetch}", "Fetches that wait for bytes.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Answered(ApiKey api, TimeSpan took) => _requests.Record(took.TotalSeconds, new KeyValuePair<string, object?>("api", ApiTable.Get(api).Name));

    internal void Failed(ApiKey api, ErrorCode error) =>
        _errors.Add(1, new KeyValuePair<string, object?>("api", ApiTable.Get(api).Name), new KeyValuePair<string, object?>("code", (int)error));

    internal void Malformed() => _malformed.Add(1);

    internal void ConnectionRefused() => _refused.Add(1);

    internal void ConnectionDelayed() => _delayed.Add(1);

    internal void ConnectionStalled() => _stalled.Add(1);

    internal void ProducerThrottled() => _throttled.Add(1);

    /// <summary>A fetch has begun to wait for bytes, and how many do then.</summary>
    internal void FetchWaits() => Interlocked.Increment(ref _fetchesWaiting);

    internal void FetchWaitEnded() => Interlocked.Decrement(ref _fetchesWaiting);

    /// <summary>A fetch that waited has its bytes.</summary>
    internal void FetchedAfter(TimeSpan delay) => _appendToFetch.Record(delay.TotalSeconds);

    /// <summary>Shows a number whenever somebody looks, with the bound that it is held to.</summary>
    internal void Observe(string name, (string Unit, string Description) about, Func<long> value, long bound)
    {
        _meter.CreateObservableGauge(name, value, about.Unit, about.Description);
        _meter.CreateObservableGauge(name + ".bound", () => bound, about.Unit, $"The most that {name} may be.");
    }
}
