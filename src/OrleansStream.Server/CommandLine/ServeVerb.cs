using Microsoft.AspNetCore.Builder;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Server.Configuration;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.CommandLine;

/// <summary>Starts a broker and runs it until it is told to stop.</summary>
internal static class ServeVerb
{
    public static async Task<int> RunAsync(ServeRequest request, CancellationToken cancellationToken)
    {
        var configuration = Configure(request);
        var kafka = KafkaSection.Read(configuration);
        var listeners = ListenerParser.Parse(kafka);
        var server = configuration.GetSection(ServerOptions.Section).Get<ServerOptions>() ?? new ServerOptions();
        using var directory = OpenDirectory(server.Data, kafka);
        var settings = new BrokerSettings(configuration, server, kafka, listeners, directory.Identity);
        var notes = new StartupNotes();
        var confirmation = new CatalogConfirmation();
        await using var log = await FileLog.StartAsync(LogSetup(settings, directory, notes, confirmation), cancellationToken);
        await using var app = BrokerHost.Build(settings, log, confirmation);
        notes.Attach(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Log"));
        await app.StartAsync(cancellationToken);
        await Announcement.WriteAsync(settings, directory.Path);
        await app.WaitForShutdownAsync(CancellationToken.None);
        return 0;
    }

    // Later sources win: file, then environment, then switches.
    private static IConfigurationRoot Configure(ServeRequest request)
    {
        var builder = new ConfigurationBuilder();
        if (request.ConfigFile is { } file)
        {
            builder.AddJsonFile(Path.GetFullPath(file), optional: false);
        }

        return builder.AddEnvironmentVariables().AddInMemoryCollection(request.Switches).Build();
    }

    private static DataDirectory OpenDirectory(string path, BrokerConfigValues kafka)
    {
        var id = new BrokerId(kafka.IsSet("node.id") || !kafka.IsSet("broker.id") ? kafka.Int("node.id") : kafka.Int("broker.id"));
        return id.Value < 0
            ? throw new StartupException($"node.id is {id}; it must be 0 or more.")
            : DataDirectory.Open(path, static root => new LinuxDisk(root), new DataDirectoryIdentity(DataDirectoryIdentity.NewClusterId(Guid.NewGuid()), id));
    }

    private static FileLogSetup LogSetup(BrokerSettings settings, DataDirectory directory, StartupNotes notes, CatalogConfirmation confirmation) => new()
    {
        Directory = directory,
        Time = TimeProvider.System,
        Random = new Random(),
        ConfirmTopic = confirmation.ConfirmAsync,
        Note = notes.Write,
        Lane = Options<FileLaneOptions>(settings.Configuration, FileLaneOptions.Section),
        ColdReads = Options<WalReaderOptions>(settings.Configuration, WalReaderOptions.Section),
        TailCache = Options<TailCacheOptions>(settings.Configuration, TailCacheOptions.Section),
        Journals = Options<JournalOptions>(settings.Configuration, JournalOptions.Section),
        Producers = new ProducerOptions { IdExpirationMs = settings.Kafka.Int("producer.id.expiration.ms") },
    };

    private static T Options<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        var options = configuration.GetSection(section).Get<T>() ?? new T();
        System.ComponentModel.DataAnnotations.Validator.ValidateObject(options, new System.ComponentModel.DataAnnotations.ValidationContext(options), validateAllProperties: true);
        return options;
    }
}
