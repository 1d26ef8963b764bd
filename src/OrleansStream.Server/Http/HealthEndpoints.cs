using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.Http;

/// <summary>What an orchestrator asks: has it started, may it be sent clients, does it live.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints, BrokerState state)
    {
        endpoints.MapGet("/health/startup", context => Answer(context, state.Current != Phase.Starting, state));
        endpoints.MapGet("/health/ready", context => Answer(context, state.Current == Phase.Ready, state));

        // That this answers is the whole answer.
        endpoints.MapGet("/health/live", context => Answer(context, true, state));
    }

    private static Task Answer(HttpContext context, bool healthy, BrokerState state)
    {
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(state.Current.ToString() + "\n");
    }
}
