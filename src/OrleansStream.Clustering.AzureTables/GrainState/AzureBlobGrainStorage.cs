using Azure;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.GrainState;

/// <summary>Grains' state in blobs, named and filled as Orleans' own packages do it. For users' grains: the broker keeps its state in journals.</summary>
internal sealed partial class AzureBlobGrainStorage(
    string name,
    AzureBlobGrainStorageOptions options,
    IActivatorProvider activators,
    TimeProvider time,
    ILogger<AzureBlobGrainStorage> logger) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private readonly Lazy<BlobContainerClient> _container = new(() => StorageClients.Blobs(options).GetBlobContainerClient(options.ContainerName));

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(OptionFormattingUtilities.Name<AzureBlobGrainStorage>(name), options.InitStage, InitializeAsync);

    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await _container.Value.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        LogReady(name, options.ContainerName);
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var blob = BlobOf(stateName, grainId);
        try
        {
            using var response = (await blob.DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
            var bytes = response.Details.ContentLength;
            CheckSize(blob, bytes);

            // An empty blob is a state that was cleared: there is no record, but whoever writes next needs its ETag.
            T? state = default;
            if (bytes > 0)
            {
                var content = new byte[bytes];
                await response.Content.ReadExactlyAsync(content, cancellationToken);
                state = options.GrainStorageSerializer.Deserialize<T>(BinaryData.FromBytes(content));
            }

            grainState.State = state ?? New<T>();
            grainState.RecordExists = state is not null;
            grainState.ETag = response.Details.ETag.ToString();
        }
        catch (RequestFailedException failed) when (failed.Status == 404)
        {
            Reset(grainState, etag: null);
        }
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var blob = BlobOf(stateName, grainId);
        var content = options.GrainStorageSerializer.Serialize(grainState.State);
        CheckSize(blob, content.ToMemory().Length);

        grainState.ETag = await WriteAsync(blob, content, TagOf(grainState), cancellationToken);
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var blob = BlobOf(stateName, grainId);
        var etag = TagOf(grainState);
        if (!options.DeleteStateOnClear)
        {
            Reset(grainState, await WriteAsync(blob, BinaryData.Empty, etag, cancellationToken));
            return;
        }

        if (!await new StateBlob(blob, options, time).TryDeleteAsync(etag, cancellationToken)) throw Inconsistent(blob, etag);
        Reset(grainState, etag: null);
    }

    private BlobClient BlobOf(string stateName, GrainId grainId) => _container.Value.GetBlobClient($"{stateName}-{grainId}.json");

    private static string? TagOf<T>(IGrainState<T> grainState) => string.IsNullOrEmpty(grainState.ETag) ? null : grainState.ETag;

    private async Task<string> WriteAsync(BlobClient blob, BinaryData content, string? etag, CancellationToken cancellationToken)
    {
        var state = new StateBlob(blob, options, time);
        try
        {
            return await state.TryWriteAsync(content, etag, cancellationToken) ?? throw Inconsistent(blob, etag);
        }
        catch (RequestFailedException failed) when (StorageFailure.IsContainerMissing(failed))
        {
            // Somebody deleted it while the silo ran. Once: whoever deletes it again and again wants an error.
            LogContainerGone(name, options.ContainerName);
            await _container.Value.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            return await state.TryWriteAsync(content, etag, cancellationToken) ?? throw Inconsistent(blob, etag);
        }
    }

    private void CheckSize(BlobClient blob, long bytes)
    {
        if (bytes <= options.MaxStateBytes) return;
        throw new InvalidOperationException($"Blob {blob.BlobContainerName}/{blob.Name} has {bytes} bytes; {nameof(options.MaxStateBytes)} allows {options.MaxStateBytes}.");
    }

    private void Reset<T>(IGrainState<T> grainState, string? etag)
    {
        grainState.State = New<T>();
        grainState.RecordExists = false;
        grainState.ETag = etag;
    }

    private T New<T>() => activators.GetActivator<T>().Create();

    // Orleans ends the activation that gets this; the next one reads what is there.
    private static InconsistentStateException Inconsistent(BlobClient blob, string? etag) =>
        new($"Blob {blob.BlobContainerName}/{blob.Name} was changed by somebody else: it is not as ETag {etag ?? "none"} says.", "Unknown", etag ?? "");

    [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Grain storage {Name} uses container {Container}.")]
    private partial void LogReady(string name, string container);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "Grain storage {Name}: container {Container} is gone and is created again.")]
    private partial void LogContainerGone(string name, string container);
}
