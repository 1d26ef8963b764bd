using OrleansStream.Log.Files.Directories;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>Everything that a broker was told, checked.</summary>
internal sealed record BrokerSettings(IConfiguration Configuration, ServerOptions Server, BrokerConfigValues Kafka, IReadOnlyList<Listener> Listeners, DataDirectoryIdentity Identity);
