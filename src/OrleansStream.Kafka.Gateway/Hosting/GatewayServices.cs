using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Gateway.Configs;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Fetching;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Gateway.Handlers;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Hosting;

/// <summary>Puts the Kafka gateway into a host.</summary>
public static class GatewayServices
{
    /// <summary>
    /// Registers everything but what the broker must bring: CatalogView, ICatalogUpdates, IClusterView, IGrainFactory, HandleTable, ILocalPartitions, TicketBoard, ILocalGroups,
    /// IProducerIds, DeadlineWheel, BrokerConfigValues and TimeProvider, each as a singleton. Listeners are then added with <see cref="UseKafka"/>. Call before
    /// Kestrel is built: the transport's buffers are changed for all its listeners.
    /// </summary>
    public static IServiceCollection AddKafkaGateway(this IServiceCollection services)
    {
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(static provider => provider.GetRequiredService<IOptions<GatewayOptions>>().Value);
        services.AddMetrics();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton(static provider => new GatewaySurroundings(
            provider.GetRequiredService<GatewayOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<GatewayMetrics>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Kafka.Gateway")));
        services.AddSingleton(static provider => new IntakeBudget(provider.GetRequiredService<GatewayOptions>().IntakeBytes));
        services.AddSingleton(static provider => new ResponseBudget(provider.GetRequiredService<GatewayOptions>().ResponseBytes));
        services.AddSingleton(static provider => new AnswerBudget(provider.GetRequiredService<GatewayOptions>().AnswerBytes));
        services.AddSingleton<ConnectionBudgets>();
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<ConnectionPace>();
        services.AddSingleton<KafkaConnectionHandler>();
        services.AddSingleton(static provider => new GatewayDrain(provider.GetRequiredService<ConnectionTable>()));
        services.AddSingleton<IRequestDispatcher, RequestDispatcher>();
        services.AddSingleton<KnownTopics>();
        services.AddSingleton<PartitionDoor>();
        services.AddSingleton<ClusterDirectory>();
        services.AddSingleton<GroupDoor>();
        services.AddSingleton<FetchSessions>();
        services.AddSingleton<FetchReader>();
        services.AddSingleton<TopicCreator>();
        services.AddSingleton<ConfigListing>();
        services.AddSingleton<ConfigChanger>();
        services.AddSingleton<ProduceSurroundings>();
        services.AddSingleton<ProduceHandler>();
        AddHandlers(services);
        services.Replace(ServiceDescriptor.Singleton<IMemoryPoolFactory<byte>, SegmentPoolFactory>());
        services.Configure<SocketTransportOptions>(ConfigureTransport);
        return services;
    }

    /// <summary>Serves Kafka clients on this endpoint.</summary>
    /// <param name="listen">The endpoint.</param>
    /// <param name="listener">The listener's name, by which brokers advertise their addresses.</param>
    public static ListenOptions UseKafka(this ListenOptions listen, string listener)
    {
        var feature = new ListenerFeature(listener);
        listen.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });

        // Made with the first connection: a cluster's broker builds its host before it opens the log that requests go to.
        listen.Run(connection => listen.ApplicationServices.GetRequiredService<KafkaConnectionHandler>().OnConnectedAsync(connection));
        return listen;
    }

    private static void ConfigureTransport(SocketTransportOptions options)
    {
        // What the transport reads ahead is outside the intake budget, so it is two segments and no more.
        options.MaxReadBufferSize = 2 * SegmentPool.SegmentBytes;
        options.MaxWriteBufferSize = Limits.MiB;

        // The reading loop goes on where the bytes came in, without a task switch for each request. It never blocks.
        options.UnsafePreferInlineScheduling = true;
    }

    private static void AddHandlers(IServiceCollection services)
    {
        services.AddSingleton<IApiHandler, FetchHandler>();
        services.AddSingleton<IApiHandler, ListOffsetsHandler>();
        services.AddSingleton<IApiHandler, MetadataHandler>();
        services.AddSingleton<IApiHandler, OffsetCommitHandler>();
        services.AddSingleton<IApiHandler, OffsetFetchHandler>();
        services.AddSingleton<IApiHandler, FindCoordinatorHandler>();
        services.AddSingleton<IApiHandler, JoinGroupHandler>();
        services.AddSingleton<IApiHandler, HeartbeatHandler>();
        services.AddSingleton<IApiHandler, LeaveGroupHandler>();
        services.AddSingleton<IApiHandler, SyncGroupHandler>();
        services.AddSingleton<IApiHandler, DescribeGroupsHandler>();
        services.AddSingleton<IApiHandler, ListGroupsHandler>();
        services.AddSingleton<IApiHandler, ApiVersionsHandler>();
        services.AddSingleton<IApiHandler, CreateTopicsHandler>();
        services.AddSingleton<IApiHandler, DeleteTopicsHandler>();
        services.AddSingleton<IApiHandler, DeleteRecordsHandler>();
        services.AddSingleton<IApiHandler, InitProducerIdHandler>();
        services.AddSingleton<IApiHandler, OffsetForLeaderEpochHandler>();
        services.AddSingleton<IApiHandler, DescribeConfigsHandler>();
        services.AddSingleton<IApiHandler, AlterConfigsHandler>();
        services.AddSingleton<IApiHandler, DescribeLogDirsHandler>();
        services.AddSingleton<IApiHandler, CreatePartitionsHandler>();
        services.AddSingleton<IApiHandler, DeleteGroupsHandler>();
        services.AddSingleton<IApiHandler, IncrementalAlterConfigsHandler>();
        services.AddSingleton<IApiHandler, ListPartitionReassignmentsHandler>();
        services.AddSingleton<IApiHandler, OffsetDeleteHandler>();
        services.AddSingleton<IApiHandler, DescribeClusterHandler>();
        services.AddSingleton<IApiHandler, DescribeTopicPartitionsHandler>();
    }
}
