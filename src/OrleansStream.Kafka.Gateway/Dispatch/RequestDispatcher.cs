using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Handlers;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Dispatch;

/// <summary>Reads requests and hands each to the handler of its API. Only Produce overlaps; everything else runs alone on its connection.</summary>
internal sealed partial class RequestDispatcher : IRequestDispatcher
{
    private readonly IApiHandler?[] _handlers = new IApiHandler?[(int)ApiTable.All[^1].Key + 1];
    private readonly ProduceHandler _produce;
    private readonly AnswerBudget _answers;
    private readonly GatewaySurroundings _surroundings;

    public RequestDispatcher(ProduceHandler produce, IEnumerable<IApiHandler> handlers, AnswerBudget answers, GatewaySurroundings surroundings)
    {
        _answers = answers;
        _produce = produce;
        _surroundings = surroundings;
        foreach (var handler in handlers)
        {
            _handlers[(int)handler.Api] = handler;
        }

        foreach (var api in ApiTable.All)
        {
            // What ApiVersions shows must be answered.
            if (api.Key != ApiKey.Produce && _handlers[(int)api.Key] is null)
            {
                throw new InvalidOperationException($"{api.Name} is in the version table and has no handler.");
            }
        }
    }

    public ValueTask DispatchAsync(KafkaConnection connection, Frame frame)
    {
        RequestFrame request;
        try
        {
            request = RequestFrame.Read(frame.Memory);
        }
        catch (Exception)
        {
            frame.Release();
            throw;
        }

        return request.Body is ProduceRequest produce
            ? _produce.BeginAsync(connection, request.Header, produce, frame)
            : AnswerAsync(connection, request, frame);
    }

    private async ValueTask AnswerAsync(KafkaConnection connection, RequestFrame request, Frame frame)
    {
        var started = _surroundings.Time.GetTimestamp();
        var api = request.Header.Api;
        using var context = new RequestContext(connection, request.Header, frame, _surroundings.Metrics);
        using var trace = GatewayMetrics.Traces.StartActivity(ApiTable.Get(api).Name, ActivityKind.Server);
        if (!HoldsFrame(request.Body))
        {
            context.ReleaseFrame();
        }

        // A client reads its own writes: whatever it produced before on this connection is durable now.
        await connection.Answers.EmptyAsync();
        if (connection.Gone.IsCancellationRequested)
        {
            return;
        }

        var taken = AnswerBudget.ShareOf(api);
        if (taken > 0)
        {
            await _answers.TakeAsync(taken, connection.Gone);
        }

        try
        {
            using var writer = new ProtocolWriter();

            // The answer as objects is garbage from here on, however long its bytes take to leave.
            await WriteAnswerAsync(writer, request, context);
            taken = _answers.Charge(taken, writer);
            connection.Activity.HoldsAnswer(taken);
            connection.Activity.HoldsRecords(RecordsOf(writer));
            await connection.WriteAsync(writer);
        }
        finally
        {
            connection.Activity.HoldsAnswer(0);
            connection.Activity.HoldsRecords(0);
            _answers.Return(taken);
        }

        _surroundings.Metrics.Answered(api, _surroundings.Time.GetElapsedTime(started));
    }

    // A defect of ours costs its client one answer and nobody a connection. What could not be decoded at all still ends it: nothing behind that can be trusted.
    private async ValueTask WriteAnswerAsync(ProtocolWriter writer, RequestFrame request, RequestContext context)
    {
        IResponse? answer = null;
        try
        {
            ResponseFrame.Write(writer, request.Header, await _handlers[(int)request.Header.Api]!.HandleAsync(request.Body, context));
            return;
        }
        catch (Exception failure) when (
            failure is not (ProtocolViolationException or MalformedFrameException) && !context.Gone.IsCancellationRequested && request.Body is { } body &&
            (answer = FailureAnswers.Of(body, request.Header.Version, ErrorCode.UnknownServerError)) is not null)
        {
            context.Count(ErrorCode.UnknownServerError);
            LogFailed(_surroundings.Log, failure, ApiTable.Get(request.Header.Api).Name, context.PeerAddress);
        }

        writer.Reset();
        ResponseFrame.Write(writer, request.Header, answer);
    }

    private static long RecordsOf(ProtocolWriter writer)
    {
        long bytes = 0;
        foreach (var piece in writer.Pieces)
        {
            bytes += (piece.Records as LeasedRecords)?.Charge ?? 0;
        }

        return bytes;
    }

    // These have buffers in them, which are views of the frame; their handlers release it once they have copied what they need.
    private static bool HoldsFrame(IRequest? request) => request is JoinGroupRequest or SyncGroupRequest;

    [LoggerMessage(Level = LogLevel.Error, Message = "{Api} from {Peer} failed unexpectedly and was answered so")]
    private static partial void LogFailed(ILogger log, Exception failure, string api, string peer);
}
