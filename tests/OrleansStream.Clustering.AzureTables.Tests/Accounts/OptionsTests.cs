using System.ComponentModel.DataAnnotations;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Accounts;
using OrleansStream.Clustering.AzureTables.GrainState;
using OrleansStream.Clustering.AzureTables.Hosting;
using OrleansStream.Clustering.AzureTables.Membership;
using OrleansStream.Testing.Azurite;

namespace OrleansStream.Clustering.AzureTables.Tests.Accounts;

public sealed class OptionsTests
{
    private const string Development = "UseDevelopmentStorage=true";

    public static TheoryData<string, string> Accounts => new()
    {
        { "https://name.blob.core.windows.net", "https://name.table.core.windows.net/" },
        { "https://name.table.core.windows.net/", "https://name.table.core.windows.net/" },
        { "https://name.z12.blob.storage.azure.net", "https://name.z12.table.storage.azure.net/" },
        { "https://blob.queue.core.usgovcloudapi.net", "https://blob.table.core.usgovcloudapi.net/" },
    };

    public static TheoryData<string, string> WrongAccounts => new()
    {
        { "name.blob.core.windows.net", "is not absolute" },
        { "http://name.blob.core.windows.net", "over https only" },
        { "https://name.blob.core.windows.net/container", "end with the host's name" },
        { "https://name.blob.core.windows.net?sv=1&sig=hidden", "carries a signature" },
        { "https://user:hidden@name.blob.core.windows.net", "carries a signature" },
        { "https://example.com", "must be an account's endpoint" },
        { "https://blob", "must be an account's endpoint" },
    };

    [Theory, MemberData(nameof(Accounts))]
    public void The_services_of_an_account_are_found_from_any_of_its_endpoints(string account, string tables)
    {
        Assert.Empty(Faults(new AzureTableClusteringOptions { AccountUrl = new Uri(account) }));
        Assert.Equal(tables, ServiceEndpoints.OfTables(new Uri(account)).ToString());
        Assert.Equal(tables.Replace(".table.", ".blob."), ServiceEndpoints.OfBlobs(new Uri(account)).ToString());
    }

    [Theory, MemberData(nameof(WrongAccounts))]
    public void What_is_no_account_is_refused_in_one_sentence_without_secrets(string account, string reason)
    {
        var fault = Assert.Single(Faults(new AzureTableClusteringOptions { AccountUrl = new Uri(account, UriKind.RelativeOrAbsolute) }));

        Assert.Contains(reason, fault);
        Assert.DoesNotContain("hidden", fault);
    }

    [Fact]
    public void Exactly_one_way_to_the_account_is_told()
    {
        Assert.Contains("both unset", Assert.Single(Faults(new AzureTableClusteringOptions())));
        Assert.Contains("both set", Assert.Single(Faults(new AzureTableClusteringOptions { ConnectionString = Development, AccountUrl = new Uri("https://a.blob.core.windows.net") })));
        Assert.Contains("needs AccountUrl", Assert.Single(Faults(new AzureTableClusteringOptions { ConnectionString = Development, ManagedIdentityClientId = "id" })));
        Assert.Empty(Faults(new AzureTableClusteringOptions { ConnectionString = Development }));
    }

    [Theory, InlineData("AccountName=a;AccountKey=hidden"), InlineData("hidden"), InlineData("AccountKey=hidden;TableEndpoint=")]
    public void A_connection_string_that_cannot_be_read_is_not_repeated(string text)
    {
        var fault = Assert.Single(Faults(new AzureTableClusteringOptions { ConnectionString = text }));

        Assert.Contains("ConnectionString cannot be read", fault);
        Assert.DoesNotContain("hidden", fault);
    }

    // Both sides of every limit.
    [Fact]
    public void Limits_are_checked()
    {
        AzureTableClusteringOptions Table(Action<AzureTableClusteringOptions> set) => With(new AzureTableClusteringOptions { ConnectionString = Development }, set);
        AzureBlobGrainStorageOptions Blob(Action<AzureBlobGrainStorageOptions> set) => With(new AzureBlobGrainStorageOptions { ConnectionString = Development }, set);

        Check(Table(o => o.RequestTimeout = TimeSpan.FromMilliseconds(100)), Table(o => o.RequestTimeout = TimeSpan.FromMilliseconds(99)), "RequestTimeout");
        Check(Table(o => o.RequestTimeout = TimeSpan.FromMinutes(5)), Table(o => o.RequestTimeout = TimeSpan.FromSeconds(301)), "RequestTimeout");
        Check(Table(o => o.MaxRetries = 0), Table(o => o.MaxRetries = -1), "MaxRetries");
        Check(Table(o => o.MaxRetries = 20), Table(o => o.MaxRetries = 21), "MaxRetries");
        Check(Table(o => o.RetryDelay = TimeSpan.Zero), Table(o => o.RetryDelay = TimeSpan.FromTicks(-1)), "RetryDelay");
        Check(Table(o => o.RetryDelay = TimeSpan.FromMinutes(1)), Table(o => o.RetryDelay = TimeSpan.FromSeconds(61)), "RetryDelay");
        Check(Table(o => o.TableName = "abc"), Table(o => o.TableName = "ab"), "TableName");
        Check(Table(o => o.TableName = new string('a', 63)), Table(o => o.TableName = new string('a', 64)), "TableName");
        Check(Table(o => o.TableName = "a12"), Table(o => o.TableName = "1ab"), "TableName");
        Check(Blob(o => o.ContainerName = "a-b"), Blob(o => o.ContainerName = "a--b"), "ContainerName");
        Check(Blob(o => o.ContainerName = new string('a', 63)), Blob(o => o.ContainerName = new string('a', 64)), "ContainerName");
        Check(Blob(o => o.ContainerName = "abc"), Blob(o => o.ContainerName = "Abc"), "ContainerName");
        Check(Blob(o => o.MaxStateBytes = 1024), Blob(o => o.MaxStateBytes = 1023), "MaxStateBytes");
        Check(Blob(o => o.MaxStateBytes = 1L << 30), Blob(o => o.MaxStateBytes = (1L << 30) + 1), "MaxStateBytes");
    }

    [Fact]
    public void A_silo_with_wrong_options_does_not_start_and_says_why()
    {
        var exception = Assert.Throws<OrleansConfigurationException>(() => Validate(silo => silo.UseOrleansStreamAzureTableClustering(options => options.TableName = "1")));

        Assert.StartsWith("AzureTableClusteringOptions: ConnectionString and AccountUrl are both unset", exception.Message);
        Assert.Contains("TableName is '1'", exception.Message);
        exception = Assert.Throws<OrleansConfigurationException>(() => Validate(silo => silo
            .UseOrleansStreamAzureTableClustering(options => options.ConnectionString = Development)
            .AddOrleansStreamAzureBlobGrainStorage("PubSubStore", options => options.ConnectionString = "hidden")));
        Assert.StartsWith("AzureBlobGrainStorageOptions 'PubSubStore': ConnectionString cannot be read", exception.Message);
    }

    [Fact]
    public void A_cluster_id_that_cannot_be_a_key_is_refused()
    {
        var exception = Assert.Throws<OrleansConfigurationException>(() => Validate(silo => silo
            .UseOrleansStreamAzureTableClustering(options => options.ConnectionString = Development)
            .Configure<ClusterOptions>(options => options.ClusterId = "a/b")));

        Assert.Contains("ClusterId is 'a/b'", exception.Message);
    }

    [Fact]
    public void The_extension_methods_register_what_orleans_asks_for()
    {
        using var silo = new HostBuilder().UseOrleans(builder => builder
            .UseOrleansStreamAzureTableClustering(options => options.ConnectionString = Development)
            .AddOrleansStreamAzureBlobGrainStorageAsDefault(options => options.ConnectionString = Development)).Build();
        using var client = new HostBuilder().UseOrleansClient(builder => builder
            .UseOrleansStreamAzureTableClustering(options => options.ConnectionString = Development)).Build();

        Assert.IsType<AzureTableMembershipTable>(silo.Services.GetRequiredService<IMembershipTable>());
        Assert.IsType<AzureBlobGrainStorage>(silo.Services.GetRequiredService<IGrainStorage>());
        Assert.IsType<AzureTableGatewayListProvider>(client.Services.GetRequiredService<IGatewayListProvider>());
    }

    [Fact]
    public void The_options_that_orleans_logs_hold_no_secret()
    {
        using var silo = new HostBuilder().UseOrleans(builder => builder
            .UseOrleansStreamAzureTableClustering(options => options.ConnectionString = $"AccountName=a;AccountKey={AzuriteProcess.AccountKey}")).Build();

        var lines = silo.Services.GetServices<IOptionFormatter>().Where(formatter => formatter.Name.Contains("AzureTable", StringComparison.Ordinal)).SelectMany(formatter => formatter.Format()).ToList();

        Assert.Contains(lines, line => line.Contains("TableName: OrleansSiloInstances", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains(AzuriteProcess.AccountKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_account_url_is_asked_over_https_with_a_token_of_the_credential()
    {
        using var sent = new RecordingHandler();
        var options = new AzureTableClusteringOptions
        {
            AccountUrl = new Uri("https://name.blob.core.windows.net"),
            Credential = new FixedCredential(),
            ConfigureClient = client => client.Transport = new HttpClientTransport(new HttpClient(sent)),
        };

        await StorageClients.Tables(options).GetTableClient("abc").UpsertEntityAsync(new TableEntity("p", "r"), cancellationToken: TestContext.Current.CancellationToken);
        await StorageClients.Blobs(Copy(options)).GetBlobContainerClient("abc").GetBlobClient("b").UploadAsync(BinaryData.Empty, TestContext.Current.CancellationToken);

        Assert.Equal(["https://name.table.core.windows.net Bearer token", "https://name.blob.core.windows.net Bearer token"], sent.Requests);
    }

    private static AzureBlobGrainStorageOptions Copy(AzureTableClusteringOptions options) =>
        new() { AccountUrl = options.AccountUrl, Credential = options.Credential, ConfigureClient = options.ConfigureClient };

    private static T With<T>(T options, Action<T> set)
    {
        set(options);
        return options;
    }

    private static void Check(IValidatableObject good, IValidatableObject bad, string name)
    {
        Assert.Empty(Faults(good));
        Assert.StartsWith(name, Assert.Single(Faults(bad)));
    }

    private static List<string> Faults(IValidatableObject options) => [.. options.Validate(new ValidationContext(options)).Select(fault => fault.ErrorMessage!)];

    private static void Validate(Action<ISiloBuilder> configure)
    {
        using var silo = new HostBuilder().UseOrleans(configure).Build();
        foreach (var check in silo.Services.GetServices<IConfigurationValidator>().Where(check => check is OptionsCheck or ClusterIdCheck)) check.ValidateConfiguration();
    }

    private sealed class FixedCredential : TokenCredential
    {
        private static readonly AccessToken Token = new("token", DateTimeOffset.MaxValue);

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => Token;

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(Token);
    }

    private sealed class RecordingHandler : HttpMessageHandler
    {
        public List<string> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.RequestUri!.Scheme}://{request.RequestUri.Host} {request.Headers.Authorization}");
            var answer = new HttpResponseMessage(request.RequestUri.Host.Contains(".table.", StringComparison.Ordinal) ? System.Net.HttpStatusCode.NoContent : System.Net.HttpStatusCode.Created);
            answer.Headers.TryAddWithoutValidation("ETag", "\"1\"");
            answer.Content.Headers.TryAddWithoutValidation("Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT");
            return Task.FromResult(answer);
        }
    }
}
