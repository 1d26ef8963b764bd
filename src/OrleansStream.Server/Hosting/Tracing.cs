using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Server.Hosting;

/// <summary>Traces go out by OTLP if the environment says where to. Otherwise nobody listens, no activity is made, and a request pays one comparison.</summary>
internal static class Tracing
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTo(IServiceCollection services, BrokerSettings settings)
    {
        if (string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(Endpoint)))
        {
            return;
        }

        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("orleansstream", serviceInstanceId: $"{settings.Identity.ClusterId}/{settings.Identity.Broker}"))
            .WithTracing(tracing => tracing.AddSource(GatewayMetrics.Name).AddOtlpExporter());
    }
}
