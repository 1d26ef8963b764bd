using System.Net.Sockets;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Sends on the connection's own socket, past the transport's pipe: no copy, and no task switch while the kernel takes the bytes at once. Only for plain
/// TCP: nothing else may write to the transport.
/// </summary>
internal sealed class SocketOutput(Socket socket, ConnectionActivity activity) : AnswerOutput(activity)
{
    public override void Abort()
    {
        // The transport closes the socket, and with it the send.
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var send = socket.SendAsync(bytes, SocketFlags.None);
        if (!send.IsCompletedSuccessfully)
        {
            return FinishAsync(send, bytes);
        }

        var sent = send.Result;
        return sent == bytes.Length ? ValueTask.CompletedTask : FinishAsync(ValueTask.FromResult(0), bytes[sent..]);
    }

    private async ValueTask FinishAsync(ValueTask<int> send, ReadOnlyMemory<byte> bytes)
    {
        bytes = bytes[await send..];
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }
}
