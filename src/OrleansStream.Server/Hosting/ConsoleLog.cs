using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Console;

namespace OrleansStream.Server.Hosting;

/// <summary>The log on standard output: one line an event for people, or with <c>Logging:Console:FormatterName=json</c> one object an event for machines, with each part by its name.</summary>
internal static class ConsoleLog
{
    private const string Levels = "Logging:LogLevel:";

    // Each of these tells of every connection, message, probe and directory entry that had to do with another broker, with a stack trace, for seconds after
    // that broker went; or, after this process was frozen, of each timer that is late. What an operator needs of it this broker says itself: who is gone,
    // what is taken over, that it serves. Errors stay where they can mean more than that.
    private static readonly (string Category, LogLevel Level)[] QuietParts =
    [
        ("Orleans.Messaging", LogLevel.Critical),
        ("Orleans.Runtime.Messaging", LogLevel.Error),
        ("Orleans.Runtime.CallbackData", LogLevel.Error),
        ("Orleans.Runtime.GrainCallCancellationManager", LogLevel.Critical),
        ("Orleans.Runtime.GrainDirectory", LogLevel.Error),
        ("Orleans.Runtime.GrainDirectory.ClientDirectory", LogLevel.Critical),
        ("Orleans.Runtime.Metadata.ClusterManifestProvider", LogLevel.Error),
        ("Orleans.Runtime.MembershipService.SiloHealthMonitor", LogLevel.Error),
        ("Orleans.Runtime.MembershipService.ProbingSiloHealthMonitor", LogLevel.Error),
        ("Orleans.Runtime.MembershipService.LocalSiloHealthMonitor", LogLevel.Error),
        ("Orleans.Runtime.MembershipService.MembershipSystemTarget", LogLevel.Error),
        ("Orleans.Runtime.MembershipService.MembershipAgent", LogLevel.Error),
        ("Orleans.Runtime.AsyncTimer", LogLevel.Error),
        ("Orleans.Runtime.Watchdog", LogLevel.Error),
    ];

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
            .AddFilter("OrleansStream.Grains.Cluster.BrokerService", LogLevel.Warning).AddFilter("Polly", LogLevel.Critical);

        // Whoever asks for a level of Orleans as a whole means all of it.
        if (builder.Configuration[Levels + "Orleans"] is null)
        {
            foreach (var (category, level) in QuietParts)
            {
                builder.Logging.AddFilter(category, level);
            }
        }

        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
    }
}
