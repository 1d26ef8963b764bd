using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Prometheus;

namespace OrleansStream.Server.Http;

/// <summary>Every metric of this process in Prometheus' text format.</summary>
internal static class MetricsEndpoint
{
    /// <summary>Begins to collect what the broker's own meters and the runtime's report. Called before the first of them is used.</summary>
    public static CollectorRegistry StartCollecting()
    {
        Metrics.SuppressDefaultMetrics();
        var registry = Metrics.NewCustomRegistry();
        MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = registry,
            InstrumentFilterPredicate = instrument =>
                instrument.Meter.Name.StartsWith("OrleansStream", StringComparison.Ordinal) || instrument.Meter.Name is "System.Runtime" or "Microsoft.Orleans",
        });
        return registry;
    }

    public static void MapMetrics(this IEndpointRouteBuilder endpoints, CollectorRegistry registry) =>
        endpoints.MapGet("/metrics", async context =>
        {
            context.Response.ContentType = PrometheusConstants.TextContentType;
            await registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
        });
}
