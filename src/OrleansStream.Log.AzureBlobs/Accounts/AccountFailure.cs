using Azure;
using Azure.Identity;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Accounts;

/// <summary>Tells failures of a storage account's clients as the log's own are told. For calls to the account that do not go through the container: those of the membership table.</summary>
public static class AccountFailure
{
    /// <summary>Makes a call; what the account, the way to it or its credential has to do with its failure comes out as a <see cref="StorageException"/>.</summary>
    /// <param name="name">What is asked, as it is told to people.</param>
    /// <param name="operation">What is asked for, as the beginning of a sentence.</param>
    /// <param name="call">The call. Other failures of it come out as they are.</param>
    /// <param name="cancellationToken">Handed to the call. Its own cancellation comes out as such.</param>
    /// <exception cref="StorageException">Only while <see cref="StorageException.IsTransient"/> is it worth another try.</exception>
    public static async ValueTask<T> ToldAsync<T>(string name, string operation, Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken);
        }
        catch (Exception failure) when (IsOfAccount(failure) && !(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw BlobFailure.ToException(name, operation, failure);
        }
    }

    private static bool IsOfAccount(Exception failure) => failure switch
    {
        RequestFailedException or AuthenticationFailedException => true,
        AggregateException several => several.InnerExceptions.All(IsOfAccount),
        _ => BlobFailure.LeavesUnknown(failure),
    };
}
