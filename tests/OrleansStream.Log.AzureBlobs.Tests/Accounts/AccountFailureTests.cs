using System.Net.Sockets;
using Azure;
using Azure.Identity;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Accounts;

public sealed class AccountFailureTests
{
    public static TheoryData<Exception, bool> OfTheAccount => new()
    {
        { new RequestFailedException("No answer."), true },
        { new RequestFailedException(503, "Busy."), true },
        { new SocketException((int)SocketError.ConnectionReset), true },
        { new HttpRequestException("Broken."), true },
        { new IOException("Broken."), true },
        { new TaskCanceledException("Too long."), true },
        { new AggregateException(new RequestFailedException("No answer."), new TaskCanceledException("Too long.")), true },
        { new RequestFailedException(403, "Not you."), false },
        { new AuthenticationFailedException("No token."), false },
        { new AggregateException(new AuthenticationFailedException("No token.")), false },
    };

    [Theory, MemberData(nameof(OfTheAccount))]
    public async Task What_the_account_has_to_do_with_is_told_as_the_logs_own_with_whether_it_passes(Exception failure, bool isTransient)
    {
        var told = await Assert.ThrowsAsync<StorageException>(() => ToldAsync(failure, CancellationToken.None));

        Assert.Equal(isTransient, told.IsTransient);
        Assert.StartsWith("Reading of 'the members' failed: ", told.Message, StringComparison.Ordinal);
        Assert.Same(failure, told.InnerException);
    }

    [Fact]
    public async Task What_is_none_of_the_accounts_and_what_was_told_already_come_out_as_they_are()
    {
        var defect = new InvalidOperationException("There is no version row.");
        var told = new StorageException("b/1", "Get", "the container is gone");

        Assert.Same(defect, await Assert.ThrowsAsync<InvalidOperationException>(() => ToldAsync(defect, CancellationToken.None)));
        Assert.Same(told, await Assert.ThrowsAsync<StorageException>(() => ToldAsync(told, CancellationToken.None)));
    }

    [Fact]
    public async Task A_call_that_its_caller_gave_up_is_cancelled_and_no_failure_of_storage()
    {
        using var given = new CancellationTokenSource();
        await given.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(() => ToldAsync(new OperationCanceledException(given.Token), given.Token));
    }

    private static Task<bool> ToldAsync(Exception failure, CancellationToken cancellationToken) =>
        AccountFailure.ToldAsync("the members", "Reading", _ => ValueTask.FromException<bool>(failure), cancellationToken).AsTask();
}
