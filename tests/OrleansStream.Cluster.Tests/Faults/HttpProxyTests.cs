using System.Net;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Faults;

public sealed class HttpProxyTests : IAsyncDisposable
{
    private readonly HttpServer _server = new();
    private readonly Link _link = new("storage");
    private readonly RequestCounts _counts = new();
    private readonly TcpProxy _proxy;
    private readonly HttpClient _client;

    public HttpProxyTests()
    {
        _proxy = new TcpProxy(_server.Port, _ => _link, _counts.NoteBlob);
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_proxy.Port}"), Timeout = TestLimits.Answer };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_refused_request_is_answered_and_never_reaches_the_server(int status)
    {
        _link.Apply(new LinkFault.Answer(status, Share: 1, Applied: false));

        using var answer = await _client.PutAsync("/account/cluster/w/1", new StringContent("body"));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Empty(_server.Bodies);
    }

    [Fact]
    public async Task A_request_whose_answer_is_lost_reaches_the_server()
    {
        _link.Apply(new LinkFault.Answer(500, Share: 1, Applied: true));

        using var answer = await _client.PutAsync("/account/cluster/w/1", new StringContent("body"));

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(["body"], _server.Bodies);
    }

    [Fact]
    public async Task After_the_fault_the_client_goes_on()
    {
        _link.Apply(new LinkFault.Answer(503, Share: 1, Applied: false));
        using var refused = await _client.GetAsync("/account/cluster/w/1");
        _link.Apply(null);

        Assert.Equal("ok", await _client.GetStringAsync("/account/cluster/w/1"));
        Assert.Equal("ok", await _client.GetStringAsync("/account/cluster/w/2"));
    }

    [Fact]
    public async Task Of_a_share_some_are_answered_and_some_go_on()
    {
        _link.Apply(new LinkFault.Answer(503, Share: 0.5, Applied: false));

        var statuses = new List<HttpStatusCode>();
        for (var request = 0; request < 40; request++)
        {
            using var answer = await _client.GetAsync("/account/cluster/w/1");
            statuses.Add(answer.StatusCode);
        }

        Assert.InRange(statuses.Count(status => status == HttpStatusCode.OK), 8, 32);
    }

    // Storage clients ask for leave after a 503: what they then get is the refusal, not leave.
    [Fact]
    public async Task A_client_that_asks_for_leave_to_send_its_body_is_refused()
    {
        _link.Apply(new LinkFault.Answer(503, Share: 1, Applied: false));
        using var request = new HttpRequestMessage(HttpMethod.Put, "/account/cluster/w/1") { Content = new StringContent("body") };
        request.Headers.ExpectContinue = true;

        using var answer = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Empty(_server.Bodies);
    }

    [Fact]
    public async Task A_client_that_asks_for_leave_is_served_without_a_fault()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/account/cluster/w/1") { Content = new StringContent("body") };
        request.Headers.ExpectContinue = true;

        using var answer = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["body"], _server.Bodies);
    }

    [Fact]
    public async Task Requests_are_counted_by_what_they_are_about()
    {
        await _client.PutAsync("/account/cluster/w/abc/session/1", new StringContent(new string('x', 10_000)));
        await _client.PutAsync("/account/cluster/w/abc/session/2", new StringContent("y"));
        await _client.GetAsync("/account/cluster/m/abc/1/0");
        await _client.GetAsync("/account/cluster?restype=container&comp=list&prefix=s");
        var chunked = new HttpRequestMessage(HttpMethod.Put, "/account/cluster/m/abc/1/0") { Content = new StreamContent(new MemoryStream(new byte[20_000])) };
        chunked.Headers.TransferEncodingChunked = true;
        await _client.SendAsync(chunked);
        await _client.DeleteAsync("/account/cluster/p/1");

        var expected = new Dictionary<RequestKind, long>
        {
            [new("blob", "PUT", "w")] = 2,
            [new("blob", "GET", "m")] = 1,
            [new("blob", "LIST", "container")] = 1,
            [new("blob", "PUT", "m")] = 1,
            [new("blob", "DELETE", "p")] = 1,
        };
        Assert.Equal(expected.OrderBy(count => count.Key.ToString()), _counts.Read().OrderBy(count => count.Key.ToString()));
    }
}
