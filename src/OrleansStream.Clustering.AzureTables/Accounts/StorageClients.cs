using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>Clients of an account, with its options' patience. Conditional writes are not repeated by them: see <see cref="RepeatableRequestsPolicy"/>.</summary>
internal static class StorageClients
{
    public static TableServiceClient Tables(StorageAccountOptions options)
    {
        var clientOptions = Patient(new TableClientOptions(), options);
        return options.AccountUrl is { } account
            ? new TableServiceClient(ServiceEndpoints.OfTables(account), CredentialOf(options), clientOptions)
            : new TableServiceClient(options.ConnectionString, clientOptions);
    }

    public static BlobServiceClient Blobs(StorageAccountOptions options)
    {
        var clientOptions = Patient(new BlobClientOptions(), options);
        return options.AccountUrl is { } account
            ? new BlobServiceClient(ServiceEndpoints.OfBlobs(account), CredentialOf(options), clientOptions)
            : new BlobServiceClient(options.ConnectionString, clientOptions);
    }

    private static T Patient<T>(T clientOptions, StorageAccountOptions options)
        where T : ClientOptions
    {
        clientOptions.RetryPolicy = new RepeatableRequestsPolicy(options.MaxRetries, options.RetryDelay);
        clientOptions.Retry.NetworkTimeout = options.RequestTimeout;
        options.ConfigureClient?.Invoke(clientOptions);
        return clientOptions;
    }

    private static TokenCredential CredentialOf(StorageAccountOptions options) =>
        options.Credential ?? new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = options.ManagedIdentityClientId });
}
