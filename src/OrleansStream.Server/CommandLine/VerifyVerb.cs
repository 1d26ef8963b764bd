using System.Globalization;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Topics;
using OrleansStream.Log;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Verification;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Verification;
using OrleansStream.Server.Configuration;
using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.CommandLine;

/// <summary>Reads a whole data directory, or the whole container of a cluster, and says what is damaged.</summary>
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
            var asked = request();
            return BrokerSettings.Storage(asked) is { } cluster
                ? await VerifyAsync(cluster, cancellationToken)
                : await VerifyAsync(BrokerSettings.DataPath(asked), cancellationToken);
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

    private static async Task<int> VerifyAsync(string path, CancellationToken cancellationToken)
    {
        RefuseForeign(path);

        // Whoever holds it lets no broker begin, and is refused where one runs: what is being written cannot be judged.
        using var hold = DataDirectory.HoldForReading(path);
        var disk = new LinuxDisk(path);
        var findings = await new DataDirectoryVerifier(disk, TaskScheduler.Default).VerifyAsync(cancellationToken);
        var catalog = new CatalogNames();
        var isWhole = findings.Count == 0 || await new JournalSurvey(disk, TaskScheduler.Default).ReadAsync(HiddenTopics.CatalogPartition, catalog, cancellationToken);
        return await TellAsync(path, findings, (catalog, isWhole));
    }

    private static async Task<int> VerifyAsync(ClusterStorage cluster, CancellationToken cancellationToken)
    {
        var undecided = new UndecidedPuts(TimeProvider.System, new Random(), TimeSpan.FromMilliseconds(50), cluster.Blobs.UndecidedTimeout);
        var container = BlobAccount.OpenToRead(cluster.Blobs, TimeProvider.System, credential: null);
        var catalog = new CatalogNames();
        var report = await new ContainerVerifier(container, undecided, (HiddenTopics.CatalogPartition, catalog)).VerifyAsync(cancellationToken);
        var place = char.ToUpperInvariant(cluster.Place[0]) + cluster.Place[1..];
        var code = await TellAsync(place, report.Findings, (catalog, report.HasAllNames));
        await Console.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Partitions} partitions and {report.Sessions} sessions were read. {report.Orphans} objects of {report.OrphanBytes} bytes are named by no manifest: writes that came to nothing left them, and brokers delete them after a day."));
        return code;
    }

    private static async Task<int> TellAsync(string place, IReadOnlyList<Finding> findings, (CatalogNames Names, bool IsWhole) catalog)
    {
        var named = new NamedFindings(catalog.Names);
        foreach (var finding in findings)
        {
            var what = named.Name(finding.What);
            await Console.Out.WriteLineAsync(finding.Position < 0 ? $"{finding.File}: {what}" : string.Create(CultureInfo.InvariantCulture, $"{finding.File}, byte {finding.Position}: {what}"));
        }

        if (named.HasUnnamed)
        {
            await Console.Out.WriteLineAsync(catalog.IsWhole
                ? "Partitions that stand here by their ids alone are of no topic in the catalog as it was read; whether changes behind the last one were lost cannot be told."
                : "Partitions that stand here by their ids alone have no name in what could be read of the catalog of topics, which is damaged.");
        }

        await Console.Out.WriteLineAsync(findings.Count == 0 ? $"{place} is whole." : $"{place} has {findings.Count} finding(s).");
        return findings.Count == 0 ? Clean : Damaged;
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
