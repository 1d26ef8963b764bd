using System.IO.Hashing;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>What is done with a request instead of just sending it.</summary>
public delegate Task Fault(HttpMessage message, Func<Task> send);

/// <summary>
/// Stands between a client and the account: loses requests and answers, answers itself, takes time. Faults come from a script, or by a seed for each request:
/// by what it asks and how often that was asked before, so that requests for different blobs do not change each other's.
/// </summary>
/// <param name="time">The clock by which requests are limited.</param>
public sealed class FaultPolicy(FakeTimeProvider time) : HttpPipelinePolicy
{
    // Of a hundred requests so many meet each kind of fault; the third try of one request passes, since a client tries it no more than four times.
    private const int Share = 6;
    private const int TriesUntilOnePasses = 3;

    private readonly Lock _gate = new();
    private readonly Queue<Fault> _writes = new();
    private readonly Queue<Fault> _reads = new();
    private readonly Dictionary<string, int> _tries = [];
    private readonly List<string> _requests = [];
    private int? _seed;

    /// <summary>Every request that was tried, as "PUT name?query" with the name in the container.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_gate) return [.. _requests];
        }
    }

    /// <summary>How many requests met a fault of the seed's.</summary>
    public int SeededFaults { get; private set; }

    /// <summary>What happens to the next put: the first in the queue to the next one, and so on.</summary>
    public void OnNextPut(params Fault[] faults)
    {
        lock (_gate) foreach (var fault in faults) _writes.Enqueue(fault);
    }

    /// <summary>What happens to the next request that is no put.</summary>
    public void OnNextOther(params Fault[] faults)
    {
        lock (_gate) foreach (var fault in faults) _reads.Enqueue(fault);
    }

    public void Seed(int seed) => _seed = seed;

    /// <summary>The connection breaks before the request is sent.</summary>
    public static Task LoseRequest(HttpMessage message, Func<Task> send) => throw new RequestFailedException("The connection broke.");

    /// <summary>The connection breaks when the service has acted.</summary>
    public static async Task LoseAnswer(HttpMessage message, Func<Task> send)
    {
        await send();
        throw new RequestFailedException("The connection broke.");
    }

    /// <summary>An answer that the service gives, or what stands before it, without having acted.</summary>
    public static Fault AnswerInstead(int status, string? errorCode = null) => (message, _) =>
    {
        message.Response = new MadeResponse(status, errorCode);
        return Task.CompletedTask;
    };

    /// <summary>The same after the service has acted.</summary>
    public static Fault AnswerAfter(int status, string? errorCode = null) => async (message, send) =>
    {
        await send();
        message.Response = new MadeResponse(status, errorCode);
    };

    /// <summary>Something is done before the request is sent.</summary>
    public static Fault After(Func<Task> action) => async (_, send) =>
    {
        await action();
        await send();
    };

    /// <summary>So much time goes by before the request is sent, unless its own is over then.</summary>
    public Fault DelayBefore(TimeSpan delay) => async (message, send) =>
    {
        time.Advance(delay);
        message.CancellationToken.ThrowIfCancellationRequested();
        await send();
    };

    /// <summary>So much time goes by between the service's act and its answer.</summary>
    public Fault DelayAfter(TimeSpan delay) => async (message, send) =>
    {
        await send();
        time.Advance(delay);
        message.CancellationToken.ThrowIfCancellationRequested();
    };

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException("Nothing of ours blocks.");

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var fault = NextFault(message.Request);
        if (fault is null) await ProcessNextAsync(message, pipeline);
        else await fault(message, () => ProcessNextAsync(message, pipeline).AsTask());
    }

    private Fault? NextFault(Request request)
    {
        // The first two parts are the account and the container; a request about the container itself has no third.
        var path = string.Join('/', request.Uri.Path.TrimStart('/').Split('/').Skip(2));
        var asked = $"{request.Method} {path}{request.Uri.Query}";
        lock (_gate)
        {
            _requests.Add(asked);
            if ((request.Method == RequestMethod.Put ? _writes : _reads).TryDequeue(out var scripted)) return scripted;
            if (_seed is not { } seed) return null;
            var occurrence = Count(asked);
            if (Count(request.ClientRequestId) >= TriesUntilOnePasses) return null;
            var fault = FaultOf((int)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{seed} {asked} {occurrence}")) % 100));
            if (fault is not null) SeededFaults++;
            return fault;
        }
    }

    private int Count(string what) => _tries[what] = _tries.GetValueOrDefault(what) + 1;

    private Fault? FaultOf(int number) => (number / Share) switch
    {
        0 => LoseRequest,
        1 => LoseAnswer,
        2 => AnswerInstead(503, "ServerBusy"),
        3 => AnswerInstead(500, "InternalError"),
        4 => AnswerAfter(500, "OperationTimedOut"),
        5 => DelayBefore(TimeSpan.FromSeconds(1)),
        6 => DelayAfter(TimeSpan.FromSeconds(1)),
        _ => null,
    };
}
