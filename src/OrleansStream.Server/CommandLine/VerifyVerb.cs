namespace OrleansStream.Server.CommandLine;

/// <summary>Reads a whole data directory and says what is damaged.</summary>
internal static class VerifyVerb
{
    public static Task<int> RunAsync(string? data, CancellationToken cancellationToken) => throw new StartupException("verify comes with the verifier.");
}
