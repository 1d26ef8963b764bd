using System.Globalization;
using OrleansStream.Log;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.CommandLine;

/// <summary>Reads a whole data directory and says what is damaged.</summary>
internal static class VerifyVerb
{
    private const int Clean = 0;
    private const int Damaged = 1;
    private const int Unreadable = 2;

    public static async Task<int> RunAsync(Func<ServeRequest> request, CancellationToken cancellationToken)
    {
        try
        {
            var path = BrokerSettings.DataPath(request());

            // Whoever holds it lets no broker begin, and is refused where one runs: what is being written cannot be judged.
            using var hold = DataDirectory.HoldForReading(path);
            var findings = await new DataDirectoryVerifier(new LinuxDisk(path), TaskScheduler.Default).VerifyAsync(cancellationToken);
            foreach (var finding in findings)
            {
                await Console.Out.WriteLineAsync(finding.Position < 0 ? $"{finding.File}: {finding.What}" : string.Create(CultureInfo.InvariantCulture, $"{finding.File}, byte {finding.Position}: {finding.What}"));
            }

            await Console.Out.WriteLineAsync(findings.Count == 0 ? $"{path} is whole." : $"{path} has {findings.Count} finding(s).");
            return findings.Count == 0 ? Clean : Damaged;
        }
        catch (Exception exception) when (exception is StartupException or LogException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return Unreadable;
        }
    }
}
