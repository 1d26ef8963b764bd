using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Accounts;

public sealed class BlobAccountTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_container_is_created_once_and_opened_as_it_is_later()
    {
        var account = await TestAccount.CreateAsync(azurite);
        await account.Container.PutAsync("a", Pieces.Of([1]), expected: null, Guid.Empty, Token);

        var again = await account.OpenAsync();

        Assert.NotNull(await again.FindAsync("a", Token));
        Assert.Single(account.Faults.Requests, request => request == "PUT ?restype=container");
    }

    [Fact]
    public async Task Wrong_options_are_refused_before_anybody_is_asked()
    {
        var refused = await Assert.ThrowsAsync<LogException>(async () => await BlobAccount.OpenAsync(new BlobAccountOptions(), TimeProvider.System, null, Token));

        Assert.Equal("OrleansStream:Blobs: ConnectionString and AccountUrl are both unset; exactly one of them must be set.", refused.Message);
    }

    [Fact]
    public async Task A_wrong_key_is_one_sentence_that_no_new_try_mends()
    {
        var key = Convert.ToBase64String(new byte[64]);
        var options = new BlobAccountOptions { ConnectionString = azurite.ConnectionString.Replace(AzuriteProcess.AccountKey, key, StringComparison.Ordinal), Container = "cluster" };

        var refused = await Assert.ThrowsAsync<StorageException>(async () => await BlobAccount.OpenAsync(options, TimeProvider.System, null, Token));

        Assert.False(refused.IsTransient);
        Assert.Equal("Opening of '127.0.0.1/devstoreaccount1/cluster' failed: the account answered 403 AuthorizationFailure.", refused.Message.Replace("AuthenticationFailed", "AuthorizationFailure", StringComparison.Ordinal));
        Assert.DoesNotContain(key, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_out_of_reach_may_be_asked_again()
    {
        var options = new BlobAccountOptions
        {
            // Port 1 of this machine: nobody listens there, and nobody may without being asked.
            ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={AzuriteProcess.AccountKey};BlobEndpoint=http://127.0.0.1:1/a;",
            RetryPause = TimeSpan.FromMilliseconds(1),
        };

        var failed = await Assert.ThrowsAsync<StorageException>(async () => await BlobAccount.OpenAsync(options, TimeProvider.System, null, Token));

        Assert.True(failed.IsTransient);
        Assert.StartsWith("Opening of '127.0.0.1/a/orleansstream' failed: no answer came", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failed.Message);
    }

    // Tokens are asked of the credential that is given, for storage, and sent to the account's blob endpoint. Nothing leaves the machine: the transport is the test's.
    [Fact]
    public async Task An_account_url_is_asked_with_a_token()
    {
        var transport = new RecordedTransport();
        var options = new BlobAccountOptions { AccountUrl = new Uri("https://name.table.core.windows.net"), Container = "cluster", MaxReadRetries = 0 };

        await Assert.ThrowsAsync<StorageException>(async () => await BlobAccount.OpenAsync(options, new FakeTimeProvider(), new FixedCredential("token-of-the-test"), client => client.Transport = transport, Token));

        Assert.StartsWith("https://name.blob.core.windows.net/cluster", transport.Uri, StringComparison.Ordinal);
        Assert.Equal("Bearer token-of-the-test", transport.Authorization);
    }

    [Fact]
    public async Task Without_a_token_nothing_is_known_to_mend_itself()
    {
        var options = new BlobAccountOptions { AccountUrl = new Uri("https://name.blob.core.windows.net"), MaxReadRetries = 0 };

        var failed = await Assert.ThrowsAsync<StorageException>(async () => await BlobAccount.OpenAsync(options, new FakeTimeProvider(), new FailingCredential(), client => client.Transport = new RecordedTransport(), Token));

        Assert.False(failed.IsTransient);
        Assert.Equal("Opening of 'name.blob.core.windows.net/orleansstream' failed: no token could be had (nobody is logged in).", failed.Message);
    }

    private sealed class FixedCredential(string token) : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.Equal(["https://storage.azure.com/.default"], requestContext.Scopes);
            return new AccessToken(token, DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }

    private sealed class FailingCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            throw new AuthenticationFailedException("nobody is logged in\nand a second line");

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }

    private sealed class RecordedTransport : HttpPipelineTransport
    {
        private readonly HttpClientTransport _requests = new();

        public string Uri { get; private set; } = "";

        public string? Authorization { get; private set; }

        public override Request CreateRequest() => _requests.CreateRequest();

        public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing of ours blocks.");

        public override ValueTask ProcessAsync(HttpMessage message)
        {
            Uri = message.Request.Uri.ToString();
            Authorization = message.Request.Headers.TryGetValue("Authorization", out var value) ? value : null;
            message.Response = new MadeResponse(403, "AuthorizationFailure");
            return ValueTask.CompletedTask;
        }
    }
}
