using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Accounts;

/// <summary>Opens the container of an account that a cluster's log lies in.</summary>
/// <remarks>
/// Two clients, since patience differs: one that never repeats a request, for puts, whose callers must know what each try did; and one that repeats what
/// changes nothing, or nothing more the second time. That the SDK's own retries turn a success into a conflict is known and not mended there:
/// https://github.com/Azure/azure-sdk-for-net/issues/16625, https://github.com/Azure/azure-sdk-for-java/issues/37748.
/// </remarks>
public static class BlobAccount
{
    private const int LongestPauseFactor = 20;

    /// <summary>Reaches the container and creates it if it is not there.</summary>
    /// <param name="options">Which account and container.</param>
    /// <param name="time">Measures how long a request may take.</param>
    /// <param name="credential">Who asks at an account URL; null for <c>DefaultAzureCredential</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LogException">An option breaks its rule; the message has a sentence for each.</exception>
    /// <exception cref="StorageException">The account could not be asked, or refused. Only while <see cref="StorageException.IsTransient"/> is it worth another try.</exception>
    public static ValueTask<IBlobContainer> OpenAsync(BlobAccountOptions options, TimeProvider time, TokenCredential? credential, CancellationToken cancellationToken) =>
        OpenAsync(options, time, credential, configureClient: null, cancellationToken);

    /// <summary>Reaches a container that is there, for somebody who changes nothing: every put and deletion is refused before it is sent.</summary>
    /// <param name="options">As for <see cref="OpenAsync(BlobAccountOptions, TimeProvider, TokenCredential?, CancellationToken)"/>.</param>
    /// <param name="time">As there.</param>
    /// <param name="credential">As there.</param>
    /// <exception cref="LogException">An option breaks its rule; the message has a sentence for each.</exception>
    public static IBlobContainer OpenToRead(BlobAccountOptions options, TimeProvider time, TokenCredential? credential) =>
        new ReadOnlyContainer(Open(options, time, credential, configureClient: null));

    /// <summary>The same, for tests that put faults between the clients and the account.</summary>
    internal static async ValueTask<IBlobContainer> OpenAsync(
        BlobAccountOptions options, TimeProvider time, TokenCredential? credential, Action<ClientOptions>? configureClient, CancellationToken cancellationToken)
    {
        var container = Open(options, time, credential, configureClient);
        await container.CreateIfAbsentAsync(cancellationToken);
        return container;
    }

    private static AzureBlobContainer Open(BlobAccountOptions options, TimeProvider time, TokenCredential? credential, Action<ClientOptions>? configureClient)
    {
        var faults = options.Faults().ToList();
        if (faults.Count > 0) throw new LogException($"{BlobAccountOptions.Section}: {string.Join(' ', faults)}");

        if (options.AccountUrl is not null) credential ??= new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = options.ManagedIdentityClientId });
        return new AzureBlobContainer(
            ContainerOf(options, credential, Once(configureClient)),
            ContainerOf(options, credential, Patient(options, configureClient)),
            Limits(options, time));
    }

    private static CallLimits Limits(BlobAccountOptions options, TimeProvider time)
    {
        // As long as all tries of a read may take together, so that a service which answers byte by byte ends too.
        var tries = options.MaxReadRetries + 1;
        return new CallLimits(time, options.RequestTimeout, (options.RequestTimeout + (options.RetryPause * LongestPauseFactor)) * tries);
    }

    private static BlobContainerClient ContainerOf(BlobAccountOptions options, TokenCredential? credential, BlobClientOptions client)
    {
        var service = options.AccountUrl is { } account ? new BlobServiceClient(BlobEndpoint.Of(account), credential, client) : new BlobServiceClient(options.ConnectionString, client);
        return service.GetBlobContainerClient(options.Container);
    }

    // A put is limited by our own clock, which a test can turn.
    private static BlobClientOptions Once(Action<ClientOptions>? configureClient)
    {
        var client = new BlobClientOptions { Retry = { MaxRetries = 0, NetworkTimeout = Timeout.InfiniteTimeSpan } };
        configureClient?.Invoke(client);
        return client;
    }

    private static BlobClientOptions Patient(BlobAccountOptions options, Action<ClientOptions>? configureClient)
    {
        var client = new BlobClientOptions
        {
            Retry =
            {
                Mode = RetryMode.Exponential,
                MaxRetries = options.MaxReadRetries,
                Delay = options.RetryPause,
                MaxDelay = options.RetryPause * LongestPauseFactor,
                NetworkTimeout = options.RequestTimeout,
            },
        };
        configureClient?.Invoke(client);
        return client;
    }
}
