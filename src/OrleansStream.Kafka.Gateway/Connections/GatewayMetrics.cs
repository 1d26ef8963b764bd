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

    public GatewayMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(Name);
        _requests = _meter.CreateHistogram<double>("orleansstream.gateway.request.duration", "s", "From a request's last byte to its answer, by API.");
        _errors = _meter.CreateCounter<long>("orleansstream.gateway.errors", "{error}", "Errors in answers, by API and code.");
        _malformed = _meter.CreateCounter<long>("orleansstream.gateway.malformed", "{frame}", "Frames that could not be read; each closed its connection.");
        _refused = _meter.CreateCounter<long>("orleansstream.gateway.connections.refused", "{connection}", "Connections above a bound.");
        _stalled = _meter.CreateCounter<long>("orleansstream.gateway.connections.stalled", "{connection}", "Connections closed because their peer took or sent nothing.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Answered(ApiKey api, TimeSpan took) => _requests.Record(took.TotalSeconds, new KeyValuePair<string, object?>("api", ApiTable.Get(api).Name));

    internal void Failed(ApiKey api, ErrorCode error) =>
        _errors.Add(1, new KeyValuePair<string, object?>("api", ApiTable.Get(api).Name), new KeyValuePair<string, object?>("code", (int)error));

    internal void Malformed() => _malformed.Add(1);

    internal void ConnectionRefused() => _refused.Add(1);

    internal void ConnectionStalled() => _stalled.Add(1);

    internal void ObserveConnections(Func<int> count) => _meter.CreateObservableGauge("orleansstream.gateway.connections", count, "{connection}", "Open connections.");

    internal void ObserveBudgets(ByteBudget intake, ByteBudget response)
    {
        _meter.CreateObservableGauge("orleansstream.gateway.intake.bytes", () => intake.Taken, "By", "Bytes of requests being read or decoded.");
        _meter.CreateObservableGauge("orleansstream.gateway.response.bytes", () => response.Taken, "By", "Bytes of records in answers under way.");
    }
}
