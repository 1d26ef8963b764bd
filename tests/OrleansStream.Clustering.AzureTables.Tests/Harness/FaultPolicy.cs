using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

/// <summary>Stands between a client and the account: loses requests and answers, and lets tests act between them.</summary>
public sealed class FaultPolicy : HttpPipelinePolicy
{
    private readonly Queue<Func<HttpMessage, Func<Task>, Task>> _faults = new();
    private readonly Dictionary<int, Func<Task>> _beforeReads = [];
    private Func<Task>? _beforeEachRead;
    private int _reads;
    private volatile bool _cut;

    /// <summary>Every request that was tried, as "POST $batch".</summary>
    public List<string> Requests { get; } = [];

    /// <summary>From now on nothing gets through, until <see cref="Restore"/>.</summary>
    public void Cut() => _cut = true;

    public void Restore() => _cut = false;

    /// <summary>What happens to the next write: the first in the queue to the next one, and so on. Reads pass.</summary>
    public void OnNextWrite(Func<HttpMessage, Func<Task>, Task> fault) => _faults.Enqueue(fault);

    /// <summary>What is done before the read of that number from now, counted from 1, is sent.</summary>
    public void OnReadNumber(int number, Func<Task> action) => _beforeReads[_reads + number] = action;

    /// <summary>What is done before each read is sent.</summary>
    public void OnEveryRead(Func<Task> action) => _beforeEachRead = action;

    public static Task LoseRequest(HttpMessage message, Func<Task> send) => throw Lost();

    public static async Task LoseAnswer(HttpMessage message, Func<Task> send)
    {
        await send();
        throw Lost();
    }

    public static async Task TimeOut(HttpMessage message, Func<Task> send)
    {
        await send();
        throw new TaskCanceledException("The answer took too long.");
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        lock (Requests) Requests.Add($"{message.Request.Method} {message.Request.Uri.Path.Split('/')[^1]}");
        if (_cut) throw Lost();

        var isWrite = message.Request.Method != RequestMethod.Get && message.Request.Method != RequestMethod.Head;
        if (isWrite && _faults.TryDequeue(out var fault))
        {
            await fault(message, () => ProcessNextAsync(message, pipeline).AsTask());
            return;
        }

        if (!isWrite) await BeforeReadAsync(Interlocked.Increment(ref _reads));
        await ProcessNextAsync(message, pipeline);
    }

    private async Task BeforeReadAsync(int number)
    {
        if (_beforeEachRead is not null) await _beforeEachRead();
        if (_beforeReads.TryGetValue(number, out var action)) await action();
    }

    private static RequestFailedException Lost() => new("The connection broke.");
}
