using System.Threading.Channels;

namespace OrleansStream.Grains.Cluster;

/// <summary>A note that something is to be done, however often it was said.</summary>
internal sealed class Wake
{
    private readonly Channel<bool> _notes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _notes.Writer.TryWrite(true);

    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _notes.Reader.ReadAsync(cancellationToken);
}
