using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrleansStream.Log.Serving;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.Http;

/// <summary>What an orchestrator asks: has it started, may it be sent clients, does it live.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints, BrokerState state, Func<LogHealth?> log)
    {
        endpoints.MapGet("/health/startup", context => Answer(context, state.Current != Phase.Starting, state.Current.ToString()));
        endpoints.MapGet("/health/ready", context => Ready(context, state.Current, log()));

        // That this answers is the whole answer.
        endpoints.MapGet("/health/live", context => Answer(context, true, state.Current.ToString()));
    }

    // The disk may have filled or failed since: who asks is told, and sends clients elsewhere if nothing can be done for them here.
    private static Task Ready(HttpContext context, Phase phase, LogHealth? log) => phase == Phase.Ready && log is { Trouble: { } trouble } known
        ? Answer(context, known.IsServing, (known.IsServing ? "Ready. " : "Not ready. ") + trouble)
        : Answer(context, phase == Phase.Ready, phase.ToString());

    private static Task Answer(HttpContext context, bool healthy, string text)
    {
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n");
    }
}
