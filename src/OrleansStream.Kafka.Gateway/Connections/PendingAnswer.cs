using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>A request that has begun and whose answer comes later, from any thread. It stands in its connection's queue until the answer has left.</summary>
internal abstract class PendingAnswer
{
    /// <summary>Bytes of the request, which count against the connection's bound until the answer has left.</summary>
    public required long Charge { get; init; }

    /// <summary>The answer is there. Set by the queue, under its lock.</summary>
    internal bool IsComplete { get; set; }

    /// <summary>Writes the answer as a frame. False: this request is not answered (acks=0).</summary>
    /// <param name="writer">Empty.</param>
    /// <param name="close">The connection is to be closed behind the answers before this one: the only way to tell a client that wants no answer.</param>
    public abstract bool TryWrite(ProtocolWriter writer, out bool close);

    /// <summary>The answer is with the kernel, or there is none. Called once, by the writer, unless the connection is gone before.</summary>
    public virtual void OnLeft()
    {
    }

    /// <summary>The connection is gone: this answer never leaves. Nothing is called after it but what still completes.</summary>
    public virtual void Drop()
    {
    }

    /// <summary>Answers for what is still outstanding, if the request's time is over. Called now and then while it stands first in the queue.</summary>
    public abstract void Expire(long now);
}
