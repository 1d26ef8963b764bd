using System.Globalization;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Topics;
using OrleansStream.Log;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.CommandLine;

/// <summary>Reads a whole data directory and says what is damaged.</summary>
internal static class VerifyVerb
{
    // Of what stands in a data directory, that which it cannot be without for long.
    private static readonly string[] Parts = ["identity", "meta", "wal", "objects"];

    private const int Clean = 0;
    private const int Damaged = 1;

    /// <summary>The exit code of a verification that judged nothing.</summary>
    public const int Unreadable = 2;

    public static async Task<int> RunAsync(Func<ServeRequest> request, CancellationToken cancellationToken)
    {
        try
        {
            var path = BrokerSettings.DataPath(request());

            RefuseForeign(path);

            // Whoever holds it lets no broker begin, and is refused where one runs: what is being written cannot be judged.
            using var hold = DataDirectory.HoldForReading(path);
            var disk = new LinuxDisk(path);
            var findings = await new DataDirectoryVerifier(disk, TaskScheduler.Default).VerifyAsync(cancellationToken);
            if (findings.Count > 0) await TellAsync(findings, disk, cancellationToken);

            await Console.Out.WriteLineAsync(findings.Count == 0 ? $"{path} is whole." : $"{path} has {findings.Count} finding(s).");
            return findings.Count == 0 ? Clean : Damaged;
        }
        catch (Exception exception) when (exception is StartupException or LogException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return Unreadable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Told to stop before everything was read: what was not read is not judged.");
            return Unreadable;
        }
    }

    private static async Task TellAsync(IReadOnlyList<Finding> findings, LinuxDisk disk, CancellationToken cancellationToken)
    {
        var catalog = new CatalogNames();
        var isWhole = await new JournalSurvey(disk, TaskScheduler.Default).ReadAsync(HiddenTopics.CatalogPartition, catalog, cancellationToken);
        var named = new NamedFindings(catalog);
        foreach (var finding in findings)
        {
            var what = named.Name(finding.What);
            await Console.Out.WriteLineAsync(finding.Position < 0 ? $"{finding.File}: {what}" : string.Create(CultureInfo.InvariantCulture, $"{finding.File}, byte {finding.Position}: {what}"));
        }

        if (named.HasUnnamed)
        {
            await Console.Out.WriteLineAsync(isWhole
                ? "Partitions that stand here by their ids alone are of no topic in the catalog."
                : "Partitions that stand here by their ids alone have no name in what could be read of the catalog of topics, which is damaged.");
        }
    }

    // Without its identity, but with its folders, it is a damaged one.
    private static void RefuseForeign(string path)
    {
        if (Directory.Exists(path) && !Parts.Any(name => Path.Exists(Path.Combine(path, name))))
        {
            throw new StartupException($"'{path}' is not a data directory of OrleansStream: nothing of one is in it.");
        }
    }
}
