using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Console;

namespace OrleansStream.Server.Hosting;

/// <summary>The log on standard output: one line an event for people, or with <c>Logging:Console:FormatterName=json</c> one object an event for machines, with each part by its name.</summary>
internal static class ConsoleLog
{
    public static void AddTo(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();

        // Before the console, whose own registrations read the section Logging: what is set there wins over these. The name is said although it is the
        // default one: without it the console lays options of an older kind over the formatter's, which know no time and two lines an event.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.FormatterName = ConsoleFormatterNames.Simple);
        builder.Services.Configure<SimpleConsoleFormatterOptions>(format =>
        {
            format.SingleLine = true;
            format.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fffZ ";
            format.UseUtcTimestamp = true;
        });
        builder.Services.Configure<JsonConsoleFormatterOptions>(format =>
        {
            format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            format.UseUtcTimestamp = true;
        });
        builder.Logging.AddConsole();

        // Orleans and ASP.NET tell of their own lives at length; an operator of this broker wants their complaints. A grain service's life is
        // told in its own name. Filters go by prefix.
        builder.Logging.AddFilter("OrleansStream", LogLevel.Information).AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("OrleansStream.Grains.Cluster.BrokerService", LogLevel.Warning).AddFilter("Polly", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
    }
}
