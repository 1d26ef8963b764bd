using System.Net.Sockets;
using Azure;

namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>What a failed request tells about the write that it carried.</summary>
internal static class StorageFailure
{
    private const int PreconditionFailed = 412;
    private const int Conflict = 409;
    private const int NotFound = 404;
    private const int RequestTimeout = 408;
    private const int TooManyRequests = 429;
    private const int FirstServerError = 500;

    /// <summary>True if the write may have happened or not: no answer came, or one that does not tell.</summary>
    public static bool LeavesOutcomeUnknown(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        // 0 stands for a connection that broke or was refused. A busy account has not written, but asking it once more costs little.
        RequestFailedException failed => failed.Status is 0 or RequestTimeout or TooManyRequests or >= FirstServerError,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        AggregateException several => several.InnerExceptions.All(inner => LeavesOutcomeUnknown(inner, cancellationToken)),

        // The client wraps what the HTTP client calls a failed request, but neither a bare socket error, of a connection that is cut as it opens, nor anything
        // that happens while the answer's body is read.
        IOException or SocketException or HttpRequestException => true,
        _ => false,
    };

    /// <summary>True if a row, its absence or its ETag was not as the transaction required. A missing table or container is another matter.</summary>
    public static bool IsLostRace(RequestFailedException failed) => failed.Status switch
    {
        PreconditionFailed => true,
        Conflict => failed.ErrorCode is not ("TableBeingDeleted" or "ContainerBeingDeleted"),
        NotFound => !IsContainerMissing(failed) && failed.ErrorCode != "TableNotFound",
        _ => false,
    };

    /// <summary>True if the row or blob is not there, while what holds it is.</summary>
    public static bool IsItemMissing(RequestFailedException failed) => failed.Status == NotFound && IsLostRace(failed);

    public static bool IsContainerMissing(RequestFailedException failed) => failed.Status == NotFound && failed.ErrorCode == "ContainerNotFound";
}
