using OrleansStream.Model.Errors;

namespace OrleansStream.Model.Tests.Errors;

public sealed class ErrorCodesTests
{
    [Fact]
    public void Exactly_these_codes_are_sent_again_by_clients() => Assert.Equal(
        [2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103, 106, 122, 123, 133],
        Enum.GetValues<ErrorCode>().Where(code => code.IsRetriable()).Select(code => (int)code).Order());

    [Fact]
    public void Exactly_these_codes_make_clients_ask_for_metadata() => Assert.Equal(
        [3, 5, 6, 9, 13, 15, 16, 56, 72, 74, 80, 83, 84, 100, 103],
        Enum.GetValues<ErrorCode>().Where(code => code.RefreshesMetadata()).Select(code => (int)code).Order());

    // The protocol's table has no gap: a code that is missing would reach a client as a number without a name.
    [Fact]
    public void Every_code_of_the_protocol_has_a_name() =>
        Assert.Equal(Enumerable.Range(-1, 138), Enum.GetValues<ErrorCode>().Select(code => (int)code).Order());
}
