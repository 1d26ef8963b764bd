using System.ComponentModel.DataAnnotations;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Testing.Azurite;

namespace OrleansStream.Log.AzureBlobs.Tests.Accounts;

public sealed class BlobAccountOptionsTests
{
    private const string Development = "UseDevelopmentStorage=true";
    private const string Secret = "c2VjcmV0LXNlY3JldA==";

    private static readonly Uri Account = new("https://name.blob.core.windows.net");

    public static TheoryData<string, string> Wrong => new()
    {
        { "both unset", "ConnectionString and AccountUrl are both unset; exactly one of them must be set." },
        { "both set", "ConnectionString and AccountUrl are both set; exactly one of them must be set." },
        { "unreadable", "ConnectionString cannot be read; it must hold an account's name and key or signature, or be UseDevelopmentStorage=true." },
        { "relative", "AccountUrl is not absolute; it must look like https://NAME.blob.core.windows.net." },
        { "http", "AccountUrl is http://name.blob.core.windows.net/; tokens are sent over https only." },
        { "signature", "AccountUrl carries a signature, a query or a user; a signature belongs in a connection string." },
        { "path", "AccountUrl is https://name.blob.core.windows.net/container; it must end with the host's name." },
        { "host", "AccountUrl is https://example.com/; its host must be an account's endpoint, such as NAME.blob.core.windows.net." },
        { "identity", "ManagedIdentityClientId is set beside ConnectionString; it needs AccountUrl instead." },
        { "container", "Container is 'A'; it must be 3 to 63 small letters, digits and single hyphens, with no hyphen at either end." },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void A_wrong_account_is_one_sentence_without_a_secret(string what, string sentence)
    {
        var options = OptionsWith(what);

        var fault = Assert.Single(options.Validate(new ValidationContext(options)));

        Assert.Equal(sentence, fault.ErrorMessage);
        Assert.DoesNotContain(Secret, fault.ErrorMessage, StringComparison.Ordinal);
    }

    public static TheoryData<string, long, bool> Limits => new()
    {
        { nameof(BlobAccountOptions.RequestTimeout), 99, false }, { nameof(BlobAccountOptions.RequestTimeout), 100, true },
        { nameof(BlobAccountOptions.RequestTimeout), 60_000, true }, { nameof(BlobAccountOptions.RequestTimeout), 60_001, false },
        { nameof(BlobAccountOptions.RetryPause), -1, false }, { nameof(BlobAccountOptions.RetryPause), 0, true },
        { nameof(BlobAccountOptions.RetryPause), 5_000, true }, { nameof(BlobAccountOptions.RetryPause), 5_001, false },
        { nameof(BlobAccountOptions.UndecidedTimeout), 999, false }, { nameof(BlobAccountOptions.UndecidedTimeout), 1_000, true },
        { nameof(BlobAccountOptions.UndecidedTimeout), 600_000, true }, { nameof(BlobAccountOptions.UndecidedTimeout), 600_001, false },
        { nameof(BlobAccountOptions.MaxReadRetries), -1, false }, { nameof(BlobAccountOptions.MaxReadRetries), 0, true },
        { nameof(BlobAccountOptions.MaxReadRetries), 10, true }, { nameof(BlobAccountOptions.MaxReadRetries), 11, false },
    };

    [Theory, MemberData(nameof(Limits))]
    public void Patience_has_limits_at_both_ends(string option, long value, bool isLegal)
    {
        var options = new BlobAccountOptions { ConnectionString = Development };
        var property = typeof(BlobAccountOptions).GetProperty(option)!;
        property.SetValue(options, property.PropertyType == typeof(int) ? (int)value : TimeSpan.FromMilliseconds(value));

        var faults = options.Faults().ToList();

        if (isLegal) Assert.Empty(faults);
        else Assert.StartsWith($"{option} is {property.GetValue(options)}; it must be between ", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc", true)]
    [InlineData("ab", false)]
    [InlineData("a-b-1", true)]
    [InlineData("a--b", false)]
    [InlineData("-ab", false)]
    [InlineData("ab-", false)]
    [InlineData("abc\n", false)]
    [InlineData("", false)]
    public void A_container_s_name_is_what_the_service_takes(string name, bool isLegal) =>
        Assert.Equal(isLegal, !new BlobAccountOptions { ConnectionString = Development, Container = name }.Faults().Any());

    [Fact]
    public void The_longest_container_s_name_has_63_letters()
    {
        Assert.Empty(new BlobAccountOptions { ConnectionString = Development, Container = new string('a', 63) }.Faults());
        Assert.Single(new BlobAccountOptions { ConnectionString = Development, Container = new string('a', 64) }.Faults());
    }

    [Theory]
    [InlineData("https://name.blob.core.windows.net", "https://name.blob.core.windows.net/")]
    [InlineData("https://name.table.core.windows.net/", "https://name.blob.core.windows.net/")]
    [InlineData("https://blob.table.core.usgovcloudapi.net", "https://blob.blob.core.usgovcloudapi.net/")]
    [InlineData("https://name.z6.dfs.storage.azure.net", "https://name.z6.blob.storage.azure.net/")]
    public void The_blob_endpoint_follows_from_any_service_s(string account, string endpoint)
    {
        Assert.Null(BlobEndpoint.FaultOf(new Uri(account)));
        Assert.Equal(endpoint, BlobEndpoint.Of(new Uri(account)).ToString());
    }

    [Fact]
    public void One_text_names_an_account_by_its_url_or_by_a_connection_string()
    {
        Assert.Equal(Account, BlobAccountOptions.Of("https://name.blob.core.windows.net").AccountUrl);
        Assert.Equal(Development, BlobAccountOptions.Of(Development).ConnectionString);
        Assert.Contains("over https only", Assert.Single(BlobAccountOptions.Of("http://name.blob.core.windows.net").Faults()), StringComparison.Ordinal);
        Assert.Equal(AzuriteLike, BlobAccountOptions.Of(AzuriteLike).ConnectionString);
    }

    [Theory]
    [InlineData("https://name.blob.core.windows.net", null)]
    [InlineData(Development, null)]
    [InlineData("https://name.blob.core.windows.net/ConnectionString", "is https://name.blob.core.windows.net/ConnectionString; it must end with the host's name.")]
    [InlineData("https://name.blob.core.windows.net/?sig=" + Secret, "carries a signature, a query or a user; a signature belongs in a connection string.")]
    [InlineData("AccountKey=" + Secret, "cannot be read; it takes an account URL such as https://NAME.blob.core.windows.net, or a connection string, which holds an account's name and key or signature, or is UseDevelopmentStorage=true.")]
    public void What_keeps_one_text_from_naming_an_account_is_told_without_names_of_options(string text, string? fault) => Assert.Equal(fault, BlobAccountOptions.FaultOf(text));

    private static string AzuriteLike => $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AzuriteProcess.AccountKey};BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;";

    private static BlobAccountOptions OptionsWith(string what) => what switch
    {
        "both unset" => new(),
        "both set" => new() { ConnectionString = Development, AccountUrl = Account },
        "unreadable" => new() { ConnectionString = $"AccountKey={Secret}" },
        "relative" => new() { AccountUrl = new Uri("name", UriKind.Relative) },
        "http" => new() { AccountUrl = new Uri("http://name.blob.core.windows.net") },
        "signature" => new() { AccountUrl = new Uri($"https://name.blob.core.windows.net/?sig={Secret}") },
        "path" => new() { AccountUrl = new Uri("https://name.blob.core.windows.net/container") },
        "host" => new() { AccountUrl = new Uri("https://example.com") },
        "identity" => new() { ConnectionString = Development, ManagedIdentityClientId = "id" },
        "container" => new() { ConnectionString = Development, Container = "A" },
        _ => throw new ArgumentException(what),
    };
}
