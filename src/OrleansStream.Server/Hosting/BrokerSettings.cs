using System.Net;
using System.Text.Json;
using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Model.Records;
using OrleansStream.Server.CommandLine;
using OrleansStream.Server.Configuration;
using GatewayOptions = OrleansStream.Kafka.Gateway.Connections.GatewayOptions;

namespace OrleansStream.Server.Hosting;

/// <summary>Everything that a broker was told, checked; nothing is bound, opened or written for it.</summary>
internal sealed record BrokerSettings
{
    private const string InFile = "in the configuration file";
    private const string InEnvironment = "in the environment";
    private const string OnCommandLine = "on the command line";

    public required IConfiguration Configuration { get; init; }

    public required ServerOptions Server { get; init; }

    /// <summary>Kafka's configs as they are in force.</summary>
    public required BrokerConfigValues Kafka { get; init; }

    /// <summary>Names of Kafka's that were set and change nothing here.</summary>
    public required IReadOnlyList<string> WithoutEffect { get; init; }

    public required IReadOnlyList<Listener> Listeners { get; init; }

    /// <summary>Addresses of health checks and metrics.</summary>
    public required IReadOnlyList<IPEndPoint> Http { get; init; }

    /// <summary>The storage of the cluster that this broker is of; null for a broker by itself.</summary>
    public ClusterStorage? Cluster { get; init; }

    public required BrokerIdentity Identity { get; init; }

    public required GatewayOptions Gateway { get; init; }

    public required GroupOptions Groups { get; init; }

    public required ProducerOptions Producers { get; init; }

    public required FileLaneOptions Lane { get; init; }

    public required BlobLaneOptions BlobLane { get; init; }

    public required BlobReadingOptions BlobReading { get; init; }

    public required MovementOptions Movement { get; init; }

    public required LingerOptions Linger { get; init; }

    public required WriteBudgetOptions WriteBudget { get; init; }

    public required WalReaderOptions ColdReads { get; init; }

    public required TailCacheOptions TailCache { get; init; }

    public required JournalOptions Journals { get; init; }

    public required SegmentOptions Segments { get; init; }

    public required SplitOptions Split { get; init; }

    public required UnsplitOptions Unsplit { get; init; }

    public required MergeOptions Merge { get; init; }

    public required UpkeepOptions Upkeep { get; init; }

    public required WorkBudgetOptions Background { get; init; }

    public required ValidationOptions Validation { get; init; }

    public required MetricsOptions Metrics { get; init; }

    /// <summary>Reads file, environment and command line; later ones win.</summary>
    /// <exception cref="StartupException">A name is unknown or a value is wrong.</exception>
    public static BrokerSettings Read(ServeRequest request) => Read(Configured(request));

    /// <summary>The full path of the data directory that a broker with these settings would use.</summary>
    /// <exception cref="StartupException">A name is unknown or a value is wrong.</exception>
    public static string DataPath(ServeRequest request) => Path.GetFullPath(Own(Configured(request)).Data);

    /// <summary>The storage account of the cluster that a broker with these settings would be of; null for one by itself.</summary>
    /// <exception cref="StartupException">A name is unknown or a value is wrong.</exception>
    public static ClusterStorage? Storage(ServeRequest request)
    {
        var configuration = Configured(request);
        return ClusterStorage.Read(configuration, OptionSections.Read<ServerOptions>(configuration, ServerOptions.Section));
    }

    private static IConfigurationRoot Configured(ServeRequest request)
    {
        var file = new ConfigurationBuilder();
        if (request.ConfigFile is { } path)
        {
            var full = ConfigFile(path);
            _ = full.EndsWith(PropertiesFile.Extension, StringComparison.OrdinalIgnoreCase) ? file.AddPropertiesFile(full) : file.AddJsonFile(full, optional: false);
        }

        var fromFile = Built(file);
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        var switches = new ConfigurationBuilder().AddInMemoryCollection(request.Switches).Build();
        var given = new ConfigurationBuilder().AddSource(fromFile, InFile).AddSource(switches, OnCommandLine).Build();
        var configuration = new ConfigurationBuilder().AddSource(fromFile, InFile).AddSource(environment, InEnvironment).AddSource(switches, OnCommandLine).Build();
        OptionSections.Check(configuration, given);
        return configuration;
    }

    private static IConfigurationRoot Built(IConfigurationBuilder file)
    {
        try
        {
            return file.Build();
        }
        catch (InvalidDataException exception) when (exception.GetBaseException() is JsonException json)
        {
            // .NET's sentence ends with the place, its lines counted from 0.
            var reason = json.Message.Split(" Path: ")[0].Split(" LineNumber: ")[0].TrimEnd('.');
            throw new StartupException($"{exception.Message.TrimEnd('.')}, line {json.LineNumber + 1}: {reason}.", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new StartupException($"{exception.Message} {exception.InnerException?.Message}".TrimEnd(), exception);
        }
    }

    private static string ConfigFile(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new StartupException("--config is empty; it takes a JSON file, or a Kafka broker's .properties file.");
        }

        var full = Path.GetFullPath(path);
        return File.Exists(full) ? full : throw new StartupException(path == full ? $"There is no file {full}, which --config names." : $"There is no file {full}, which --config names as {path}.");
    }

    private static ServerOptions Own(IConfiguration configuration)
    {
        var server = OptionSections.Read<ServerOptions>(configuration, ServerOptions.Section);
        if (File.Exists(server.Data))
        {
            throw new StartupException($"--data (OrleansStream:Data) is '{server.Data}', which is a file; it takes the directory of this broker's data.");
        }

        return string.IsNullOrWhiteSpace(server.Data) ? throw new StartupException("--data (OrleansStream:Data) is empty; it takes the directory of this broker's data.") : server;
    }

    /// <summary>The same settings with what became of port 0 and with the identity that the data has.</summary>
    public BrokerSettings With(IReadOnlyList<Listener> listeners, IReadOnlyList<IPEndPoint> http, BrokerIdentity identity)
    {
        Gateway.DataPath = identity.Place;
        var known = this with { Listeners = listeners, Http = http, Identity = identity };
        return known with { Kafka = BrokerFacts.Add(Kafka, known) };
    }

    private static BrokerSettings Read(IConfiguration configuration)
    {
        var (kafka, withoutEffect) = KafkaSection.Read(configuration);
        var server = Own(configuration);
        var (host, port) = ListenerParser.HostAndPort(server.Http, "--http");
        return new BrokerSettings
        {
            Configuration = configuration,
            Server = server,
            Kafka = kafka,
            WithoutEffect = withoutEffect,
            Listeners = ListenerParser.Parse(kafka),
            Http = ListenerParser.BindAddresses(host, port, "--http"),
            Cluster = ClusterStorage.Read(configuration, server),
            Identity = new BrokerIdentity(server.ClusterId ?? DataDirectoryIdentity.NewClusterId(Guid.NewGuid()), NodeId(kafka), server.Data),
            Gateway = BrokerOptions.Gateway(OptionSections.Read<GatewayOptions>(configuration, GatewayOptions.Section), kafka),
            Groups = BrokerOptions.Groups(OptionSections.Read<GroupOptions>(configuration, GroupOptions.Section), kafka),
            Producers = BrokerOptions.Producers(OptionSections.Read<ProducerOptions>(configuration, ProducerOptions.Section), kafka),
            Lane = OptionSections.Read<FileLaneOptions>(configuration, FileLaneOptions.Section),
            BlobLane = OptionSections.Read<BlobLaneOptions>(configuration, BlobLaneOptions.Section),
            BlobReading = OptionSections.Read<BlobReadingOptions>(configuration, BlobReadingOptions.Section),
            Movement = BrokerOptions.Movement(OptionSections.Read<MovementOptions>(configuration, MovementOptions.Section)),
            Linger = OptionSections.Read<LingerOptions>(configuration, LingerOptions.Section),
            WriteBudget = OptionSections.Read<WriteBudgetOptions>(configuration, WriteBudgetOptions.Section),
            ColdReads = OptionSections.Read<WalReaderOptions>(configuration, WalReaderOptions.Section),
            TailCache = OptionSections.Read<TailCacheOptions>(configuration, TailCacheOptions.Section),
            Journals = OptionSections.Read<JournalOptions>(configuration, JournalOptions.Section),
            Segments = OptionSections.Read<SegmentOptions>(configuration, SegmentOptions.Section),
            Split = OptionSections.Read<SplitOptions>(configuration, SplitOptions.Section),
            Unsplit = OptionSections.Read<UnsplitOptions>(configuration, UnsplitOptions.Section),
            Merge = OptionSections.Read<MergeOptions>(configuration, MergeOptions.Section),
            Background = OptionSections.Read<WorkBudgetOptions>(configuration, WorkBudgetOptions.Section),
            Upkeep = BrokerOptions.Upkeep(OptionSections.Read<UpkeepOptions>(configuration, UpkeepOptions.Section), kafka),
            Validation = OptionSections.Read<ValidationOptions>(configuration, ValidationOptions.Section),
            Metrics = OptionSections.Read<MetricsOptions>(configuration, MetricsOptions.Section),
        };
    }

    private static BrokerId NodeId(BrokerConfigValues kafka)
    {
        if (kafka.IsSet("node.id") && kafka.IsSet("broker.id") && kafka.Int("node.id") != kafka.Int("broker.id"))
        {
            throw new StartupException($"node.id is {kafka.Int("node.id")} and broker.id is {kafka.Int("broker.id")}: both are the broker's number, keep one of them.");
        }

        var id = kafka.IsSet("node.id") || !kafka.IsSet("broker.id") ? kafka.Int("node.id") : kafka.Int("broker.id");
        return id >= 0 ? new BrokerId(id) : throw new StartupException($"node.id is {id}; it must be 0 or more.");
    }
}
