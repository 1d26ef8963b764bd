using System.Net.Sockets;
using Azure;
using Azure.Identity;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>
/// What a failed request tells. The codes are those of https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and
/// https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes.
/// </summary>
internal static class BlobFailure
{
    private const int NoAnswer = 0;
    private const int NotFound = 404;
    private const int RequestTimeout = 408;
    private const int Conflict = 409;
    private const int PreconditionFailed = 412;
    private const int RangeNotSatisfiable = 416;
    private const int TooManyRequests = 429;
    private const int FirstServerError = 500;
    private const int ServiceUnavailable = 503;

    /// <summary>
    /// The condition of a put did not hold. Create-if-absent is answered with 409 BlobAlreadyExists, a replaced version with 412 ConditionNotMet:
    /// https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations. Other refusals under these
    /// numbers (a lease, a policy) are no race, and would be tried for ever if they were taken for one.
    /// </summary>
    public static bool IsConflict(RequestFailedException failed) =>
        (failed.Status, CodeOf(failed)) is (Conflict, "BlobAlreadyExists") or (PreconditionFailed, "ConditionNotMet" or "TargetConditionNotMet");

    /// <summary>The blob is not there, while its container is. A 404 that does not say so may come from anything between us and the service, and proves nothing.</summary>
    public static bool IsBlobMissing(RequestFailedException failed) => (failed.Status, CodeOf(failed)) is (NotFound, "BlobNotFound");

    /// <summary>The range begins at the blob's end or behind it.</summary>
    public static bool IsBehindEnd(RequestFailedException failed) => failed.Status == RangeNotSatisfiable;

    /// <summary>
    /// No answer came, or one that does not tell what was done. A busy account (503) has most likely done nothing; but whatever stands before it may say
    /// the same after it has acted. 409 and 412 without a known code come from there too.
    /// </summary>
    public static bool LeavesUnknown(Exception exception) => exception switch
    {
        RequestFailedException failed => failed.Status is NoAnswer or RequestTimeout or TooManyRequests or >= FirstServerError
            || (failed.Status is Conflict or PreconditionFailed && CodeOf(failed) is null),
        // The caller's own cancellation was sorted out before. The SDK lets through as they are a socket error of a connection that is cut as it opens, and
        // whatever breaks while the body of an answer is read.
        OperationCanceledException or IOException or SocketException or HttpRequestException => true,
        AggregateException several => several.InnerExceptions.All(LeavesUnknown),
        _ => false,
    };

    /// <summary>
    /// The account, or a range of its names, is asked too much: 503 ServerBusy, or 500 OperationTimedOut
    /// (https://learn.microsoft.com/azure/storage/common/scalability-targets-standard-account); 429 is what proxies say.
    /// </summary>
    public static bool IsBusy(Exception exception) => exception is RequestFailedException failed
        && (failed.Status is ServiceUnavailable or TooManyRequests || (failed.Status == FirstServerError && CodeOf(failed) is "OperationTimedOut"));

    /// <summary>What failed, for a person. Messages of the SDK are left out: they run over many lines and repeat headers.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        RequestFailedException { Status: NoAnswer } failed => $"no answer came ({FirstLine(failed.Message)})",
        RequestFailedException failed when CodeOf(failed) is "ContainerNotFound" => "the container is gone",
        RequestFailedException failed => $"the account answered {failed.Status} {CodeOf(failed)}".TrimEnd(),
        OperationCanceledException => "no answer came in time",
        AuthenticationFailedException failed => $"no token could be had ({FirstLine(failed.Message)})",
        AggregateException { InnerExceptions: [.., var last] } => Describe(last),
        _ => FirstLine(exception.Message),
    };

    public static StorageException ToException(string name, string operation, Exception exception) =>
        exception as StorageException ?? new StorageException(name, operation, Describe(exception), exception) { IsTransient = LeavesUnknown(exception) };

    // The SDK finds the code in a body that it can read. The header has it in any case, and for HEAD, which has no body, alone.
    private static string? CodeOf(RequestFailedException failed) =>
        !string.IsNullOrEmpty(failed.ErrorCode) ? failed.ErrorCode : failed.GetRawResponse()?.Headers.TryGetValue("x-ms-error-code", out var code) == true ? code : null;

    private static string FirstLine(string message)
    {
        var end = message.AsSpan().IndexOfAny('\r', '\n');
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
