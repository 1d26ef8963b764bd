using Azure.Storage.Blobs;

namespace OrleansStream.Log.AzureBlobs.Accounts;

/// <summary>The blob endpoint of an account, from whichever of its services' endpoints was given: the same host but for the label that names the service.</summary>
internal static class BlobEndpoint
{
    private static readonly string[] Services = ["blob", "table", "queue", "dfs", "file", "web"];

    /// <summary>The endpoint; of a URL that <see cref="FaultOf"/> finds no fault with.</summary>
    public static Uri Of(Uri account)
    {
        var labels = account.Host.Split('.');
        labels[ServiceLabel(labels)] = Services[0];
        return new UriBuilder(account) { Host = string.Join('.', labels) }.Uri;
    }

    /// <summary>What keeps a URL from being an account's, as the end of a sentence; null if nothing does. Repeats no part that could hold a secret.</summary>
    public static string? FaultOf(Uri account)
    {
        if (!account.IsAbsoluteUri) return "is not absolute; it must look like https://NAME.blob.core.windows.net.";
        if (account.Query.Length > 0 || account.UserInfo.Length > 0) return "carries a signature, a query or a user; a signature belongs in a connection string.";

        var shown = $"is {account.Scheme}://{account.Host}{account.AbsolutePath}";
        if (account.Scheme != Uri.UriSchemeHttps) return $"{shown}; tokens are sent over https only.";
        if (account.AbsolutePath != "/" || account.Fragment.Length > 0) return $"{shown}; it must end with the host's name.";
        return ServiceLabel(account.Host.Split('.')) > 0 ? null : $"{shown}; its host must be an account's endpoint, such as NAME.blob.core.windows.net.";
    }

    /// <summary>Whether a connection string can be read at all. What is wrong with it is not told: the reason could repeat the key.</summary>
    public static bool CanRead(string connectionString)
    {
        try
        {
            _ = new BlobServiceClient(connectionString);
            return true;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    // The first label is the account's own name, which may be "blob" too.
    private static int ServiceLabel(string[] labels) => Array.FindIndex(labels, Math.Min(1, labels.Length), label => Services.Contains(label, StringComparer.OrdinalIgnoreCase));
}
