using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>One client connection: reads requests, lets them begin in order, and lets their answers leave in order.</summary>
internal sealed class KafkaConnection : IDisposable
{
    private readonly ConnectionContext _transport;
    private readonly FrameReader _frames;
    private readonly Socket? _socket;
    private readonly AnswerOutput _output;
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenSource _stopping;
    private readonly CancellationTokenSource _ending;
    private readonly CancellationTokenRegistration _closed;
    private volatile bool _isAborted;

    public KafkaConnection(ConnectionContext transport, IntakeBudget intake, GatewayOptions options, TimeProvider time)
    {
        _transport = transport;
        Activity = new ConnectionActivity(time, options.MinRequestBytesPerSecond);
        Listener = transport.Features.Get<ListenerFeature>()?.Name ?? throw new InvalidOperationException("The connection names no listener.");
        _frames = new FrameReader(transport.Transport.Input, intake, options.MaxRequestBytes, Activity);
        Refused = new RefusedPartitions(time);

        // A transport without a socket is one of tests, or one that changes the bytes on their way.
        _socket = transport.Features.Get<IConnectionSocketFeature>()?.Socket is { SocketType: SocketType.Stream } socket ? socket : null;
        _output = _socket is not null ? new SocketOutput(_socket, Activity) : new PipeOutput(transport.Transport.Output, Activity);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        Answers = new AnswerQueue(_output, options.MaxUnansweredRequests, options.MaxUnansweredBytes, failure => Abort(failure?.Message ?? "An answer could not be written."));

        // Whoever waits for answers to leave goes on: they never will.
        _gone.Token.UnsafeRegister(static answers => ((AnswerQueue)answers!).Close(), Answers);
        _closed = transport.ConnectionClosed.UnsafeRegister(static connection => ((KafkaConnection)connection!).OnClosed(), this);
    }

    public ConnectionActivity Activity { get; }

    /// <summary>The listener's name, which picks the advertised addresses in answers.</summary>
    public string Listener { get; }

    /// <summary>Requests that overlap. Anything else waits until it is empty.</summary>
    public AnswerQueue Answers { get; }

    /// <summary>The last Produce that waits for a partition or for room in the lane; completed if none does. It never fails: what fails in it aborts the connection. Used by the reader only.</summary>
    public Task Beginning { get; set; } = Task.CompletedTask;

    /// <summary>What later batches of this connection must not overtake.</summary>
    public RefusedPartitions Refused { get; }

    /// <summary>The peer's address without its port; "unknown" where the transport has none.</summary>
    public string PeerAddress => (_transport.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "unknown";

    /// <summary>
    /// Cancelled when no answer can leave any more: the peer reset the connection, a send failed, or the connection was given up. Not when the peer has sent its
    /// last request, as all do who close: what it sent before is served as if it were there, and it may be.
    /// </summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Cancelled when the broker wants the connection to end, or it is gone: no further request is read.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Cancelled at the end of either, or when the peer has sent its last request and probably closed: a request that is parked answers with what it has.</summary>
    public CancellationToken Ending => _ending.Token;

    public async Task RunAsync(IRequestDispatcher dispatcher)
    {
        try
        {
            while (!_stopping.IsCancellationRequested && await ReadAsync() is { } frame)
            {
                await dispatcher.DispatchAsync(this, frame);
            }

            await Answers.EmptyAsync();
        }
        catch (Exception failure) when (failure is ProtocolViolationException or MalformedFrameException)
        {
            // Nothing behind it can be trusted. What came before it is answered all the same, as in Kafka.
            Activity.EndInput();
            await Answers.EmptyAsync();
            throw;
        }
        finally
        {
            Answers.Close();

            // A peer that reset the connection may be seen here before the transport says so; what still begins would wait on.
            _gone.Cancel();

            // A writer that is under way still uses the output.
            await Answers.EmptyAsync();
        }
    }

    /// <summary>Sends an answer. Only while <see cref="Answers"/> is empty and nothing has entered it.</summary>
    public async ValueTask WriteAsync(ProtocolWriter writer)
    {
        if (!_output.TryPut(writer))
        {
            await _output.PutAsync(writer);
        }

        await _output.FlushAsync();
    }

    /// <summary>Begins a graceful end: the request under way is answered, no further one is read.</summary>
    public void End()
    {
        if (_isAborted)
        {
            return;
        }

        try
        {
            _stopping.Cancel();
            _frames.Stop();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself at this very moment.
        }
    }

    /// <summary>Ends the connection now; what waits on it is cancelled.</summary>
    public void Abort(string reason)
    {
        if (_isAborted)
        {
            return;
        }

        _isAborted = true;
        try
        {
            _gone.Cancel();
            _output.Abort();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself at this very moment. Callers are timers and writers, above whom nobody would catch this.
        }
        finally
        {
            _transport.Abort(new ConnectionAbortedException(reason));
        }
    }

    // The transport says that it reads no more, and not why: the peer has sent its last request, which ends nothing but the waiting for more, or reset the connection.
    private void OnClosed()
    {
        try
        {
            if (_socket is { Connected: true })
            {
                Activity.EndInput();
                _ending.Cancel();
            }
            else
            {
                _gone.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself at this very moment.
        }
    }

    private ValueTask<Frame?> ReadAsync()
    {
        var reading = _frames.ReadAsync(Gone);
        return reading.IsCompleted ? reading : WaitAsync(reading);
    }

    private async ValueTask<Frame?> WaitAsync(ValueTask<Frame?> reading)
    {
        Refused.ReaderWaits();
        try
        {
            return await reading;
        }
        finally
        {
            Refused.ReaderGoesOn();
        }
    }

    public void Dispose()
    {
        _isAborted = true;
        _closed.Unregister();
        _output.Dispose();
        _ending.Dispose();
        _stopping.Dispose();
        _gone.Dispose();
    }
}
