using System.Net;
using System.Net.Sockets;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using OrleansStream.Clustering.AzureTables.Accounts;
using OrleansStream.Clustering.AzureTables.Membership;

namespace OrleansStream.Clustering.AzureTables.Tests.Accounts;

// What the client throws for each is asked of the client itself: only it knows what it wraps.
public sealed class StorageFailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, Exception> BrokenConnections => new()
    {
        { "refused, as the HTTP client tells it", new HttpRequestException("Refused.", new SocketException((int)SocketError.ConnectionRefused)) },
        { "cut as it opens", new SocketException((int)SocketError.ConnectionReset) },
        { "cut while bytes are on the way", new IOException("Cut.", new SocketException((int)SocketError.ConnectionReset)) },
        { "ended in the midst of an answer", new HttpIOException(HttpRequestError.ResponseEnded) },
        { "given up by the HTTP client", new TaskCanceledException("Too long.") },
    };

    [Theory, MemberData(nameof(BrokenConnections))]
    public async Task A_connection_that_breaks_leaves_the_outcome_of_a_write_unknown(string how, Exception failure)
    {
        foreach (var isInBody in new[] { false, true })
        {
            var thrown = await ThrownAsync(new BreakingHandler(failure, isInBody));

            Assert.True(StorageFailure.LeavesOutcomeUnknown(thrown, Token), $"{how}, {(isInBody ? "while the answer is read" : "before the answer")}: {thrown}");
        }
    }

    [Fact]
    public async Task A_port_where_nobody_listens_leaves_the_outcome_of_a_write_unknown()
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); // Bound and not listening: refuses every connection.
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var thrown = await ThrownAsync(new HttpClientHandler(), ((IPEndPoint)nobody.LocalEndPoint!).Port);

        Assert.True(StorageFailure.LeavesOutcomeUnknown(thrown, Token), thrown.ToString());
    }

    [Fact]
    public void A_write_that_the_caller_gave_up_is_over()
    {
        using var ended = new CancellationTokenSource();
        ended.Cancel();

        Assert.False(StorageFailure.LeavesOutcomeUnknown(new OperationCanceledException(ended.Token), ended.Token));
    }

    private static async Task<Exception> ThrownAsync(HttpMessageHandler handler, int port = 1)
    {
        using var client = new HttpClient(handler);
        var options = new AzureTableClusteringOptions
        {
            ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:{port}/a",
            MaxRetries = 0,
            ConfigureClient = configured => configured.Transport = new HttpClientTransport(client),
        };
        var row = new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("partition", "row"));
        return await Assert.ThrowsAnyAsync<Exception>(() => new SiloTable(options, "cluster").SubmitAsync([row], Token));
    }

    private sealed class BreakingHandler(Exception failure, bool isInBody) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => isInBody
            ? Task.FromResult(new HttpResponseMessage(HttpStatusCode.Accepted) { Content = new StreamContent(new BreakingStream(failure)) })
            : Task.FromException<HttpResponseMessage>(failure);
    }

    private sealed class BreakingStream(Exception failure) : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => throw failure;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromException<int>(failure);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromException<int>(failure);

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => Task.FromException(failure);
    }
}
