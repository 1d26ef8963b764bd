using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// The unanswered pipelined requests of one connection, oldest first. Answers may come in any order, from any thread; they leave in the order of the requests.
/// One writer works at a time, on the thread pool: whoever completes an answer pays for a queued work item at the most, and all answers that
/// have come until the writer runs leave in one send.
/// </summary>
internal sealed class AnswerQueue(AnswerOutput output, int maxRequests, long maxBytes, Action<Exception?> abort) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly Queue<PendingAnswer> _pending = new();
    private readonly List<PendingAnswer> _leaving = [];
    private readonly Signal _changed = new();
    private long _bytes;
    private bool _writing;
    private bool _reading;
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Completes when one more request of that size may begin. A single request may be larger than the bound.</summary>
    public async ValueTask RoomAsync(long bytes)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_closed || _pending.Count == 0 || (_pending.Count < maxRequests && _bytes + bytes <= maxBytes))
                {
                    return;
                }

                _reading = true;
            }

            await _changed.WaitAsync();
        }
    }

    /// <summary>Completes when every answer has left: another writer may then use the output. Also when the connection is closed.</summary>
    public async ValueTask EmptyAsync()
    {
        while (true)
        {
            lock (_lock)
            {
                if (!_writing && (_closed || _pending.Count == 0))
                {
                    return;
                }

                _reading = true;
            }

            await _changed.WaitAsync();
        }
    }

    /// <summary>The request takes its place. Called in the order of the requests, before any of its parts can complete.</summary>
    public void Enter(PendingAnswer answer)
    {
        lock (_lock)
        {
            _pending.Enqueue(answer);
            _bytes += answer.Charge;
        }
    }

    /// <summary>The answer is complete; called once for each. Never writes itself: the caller may be the lane's dispatcher.</summary>
    public void Complete(PendingAnswer answer)
    {
        lock (_lock)
        {
            answer.IsComplete = true;
            if (_closed || _writing || !_pending.TryPeek(out var first) || !first.IsComplete)
            {
                return;
            }

            _writing = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Lets the oldest request look at the clock.</summary>
    public void Expire(long now)
    {
        PendingAnswer? first;
        lock (_lock)
        {
            _pending.TryPeek(out first);
        }

        first?.Expire(now);
    }

    /// <summary>The connection is gone: answers that still come are dropped, and whoever waits goes on.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            if (!_writing)
            {
                DropAll();
            }
        }

        Wake();
    }

    // A work item returns nothing; every failure ends in abort.
    public async void Execute()
    {
        try
        {
            using var writer = new ProtocolWriter();
            while (TakeComplete())
            {
                await WriteAsync(writer);
            }
        }
        catch (Exception failure)
        {
            GiveUp(failure);
        }

        Wake();
    }

    private async ValueTask WriteAsync(ProtocolWriter writer)
    {
        foreach (var answer in _leaving)
        {
            var written = answer.TryWrite(writer, out var close);
            if (written && !output.TryPut(writer))
            {
                await output.PutAsync(writer);
            }

            writer.Reset();
            if (close)
            {
                await output.FlushAsync();
                throw new ProtocolViolationException("A request that wants no answer failed; closing is the only way to say so.");
            }
        }

        await output.FlushAsync();
        foreach (var answer in _leaving)
        {
            answer.OnLeft();
        }

        lock (_lock)
        {
            foreach (var answer in _leaving)
            {
                _pending.Dequeue();
                _bytes -= answer.Charge;
            }
        }

        _leaving.Clear();
        Wake();
    }

    // False ends the writing, in the same step that finds nothing: an answer that comes later starts it again.
    private bool TakeComplete()
    {
        lock (_lock)
        {
            if (_closed)
            {
                DropAll();
            }
            else
            {
                foreach (var answer in _pending)
                {
                    if (!answer.IsComplete)
                    {
                        break;
                    }

                    _leaving.Add(answer);
                }
            }

            _writing = _leaving.Count > 0;
            return _writing;
        }
    }

    // Nobody is above a work item: an exception that leaves it ends the process. The connection is ended first, whatever else fails then.
    private void GiveUp(Exception failure)
    {
        try
        {
            abort(failure);
        }
        catch (Exception)
        {
            // What ends with a connection may fail in its own way; it is gone all the same.
        }

        StopWriting();
    }

    private void StopWriting()
    {
        lock (_lock)
        {
            _leaving.Clear();
            _writing = false;
            _closed = true;
            DropAll();
        }
    }

    // Under the lock.
    private void DropAll()
    {
        foreach (var answer in _pending)
        {
            answer.Drop();
        }

        _pending.Clear();
        _bytes = 0;
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (!_reading)
            {
                return;
            }

            _reading = false;
        }

        _changed.Set();
    }
}
