using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Objects;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Log.Verification;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>
/// Reads everything that a cluster has in its container and says what is damaged or missing: every needed block of every session with its digests, every
/// manifest, every byte of every segment and snapshot, and whether each partition's extents follow each other and find their bytes. Never writes. Brokers may
/// run meanwhile: what seems wrong with a partition that has changed since is looked at again.
/// </summary>
/// <param name="container">Where all of it stands.</param>
/// <param name="undecided">Of no use to a reader, but what its stores are made with.</param>
/// <param name="names">A journal whose changes are handed to a state, for words about what is found.</param>
public sealed class ContainerVerifier(IBlobContainer container, UndecidedPuts undecided, (PartitionId Partition, IJournalState State) names)
{
    private const int SegmentStepBytes = 4 * Limits.MiB;
    private const int Looks = 10;

    private readonly List<Finding> _findings = [];
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private readonly HashSet<PartitionId> _judged = [];
    private readonly BlobObjectStore _objects = new(container, undecided);
    private bool _hasAllNames;

    /// <exception cref="StorageException">Storage failed: nothing is known of what was not read.</exception>
    /// <exception cref="LogException">The record of the cluster is missing or of another format: this is no cluster's container, or a newer one's.</exception>
    public async Task<ContainerReport> VerifyAsync(CancellationToken cancellationToken)
    {
        _findings.Clear();
        _named.Clear();
        _judged.Clear();
        _hasAllNames = false;
        var cluster = await new BlobClusterRecords(container, undecided).FindAsync(cancellationToken) ?? throw new LogException($"There is no record '{BlobNames.Cluster}': no cluster has its log in this container.");

        // Listed before any manifest is read: what no manifest names then was not just being written.
        var listed = await ListObjectsAsync(cancellationToken);
        await VerifyBrokersAsync(cluster.Generation, cancellationToken);
        var sessions = new SurveyedSessions(container, undecided, (cluster.Generation, names.Partition), _findings);
        await VerifySessionsAsync(sessions, cancellationToken);
        var partitions = await VerifyPartitionsAsync(cluster.Generation, sessions, cancellationToken);
        await sessions.FindUnknownAsync(cancellationToken);
        var orphans = listed.Where(one => !_named.Contains(one.Key)).ToList();
        FindLostManifests(orphans.Select(static one => one.Key));
        return new ContainerReport([.. _findings], sessions.Found.Count, partitions, orphans.Count, orphans.Sum(static one => one.Value)) { HasAllNames = _hasAllNames };
    }

    private async ValueTask<Dictionary<string, long>> ListObjectsAsync(CancellationToken cancellationToken)
    {
        var listed = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach (var blob in container.ListAsync(BlobNames.Objects, cancellationToken)) listed[blob.Name] = blob.Length;
        return listed;
    }

    private async ValueTask VerifyBrokersAsync(int generation, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in new BlobBrokerRegistry(container, undecided, generation).ListAsync(cancellationToken)) cancellationToken.ThrowIfCancellationRequested();
        }
        catch (LogException damage) when (damage is not StorageException)
        {
            Add(damage, BlobNames.Brokers);
        }
    }

    private async ValueTask VerifySessionsAsync(SurveyedSessions sessions, CancellationToken cancellationToken)
    {
        await foreach (var blob in container.ListAsync(BlobNames.Sessions, cancellationToken))
        {
            try
            {
                await sessions.SurveyAsync(SessionId.Parse(blob.Name[BlobNames.Sessions.Length..]), cancellationToken);
            }
            catch (FormatException)
            {
                _findings.Add(new Finding(blob.Name, -1, "This is no name of a session."));
            }
            catch (LogException damage) when (damage is not StorageException)
            {
                Add(damage, blob.Name);
            }
        }
    }

    private async ValueTask<int> VerifyPartitionsAsync(int generation, SurveyedSessions sessions, CancellationToken cancellationToken)
    {
        var manifests = new BlobManifestStore(container, generation);
        using var slabs = new SlabPool(SegmentStepBytes);
        var segments = new SegmentReader(_objects, slabs, new SegmentOptions { MaxReadBytes = SegmentStepBytes });
        var survey = new PartitionSurvey(_objects, segments, sessions);
        var judged = 0;
        await foreach (var blob in container.ListAsync(BlobNames.Manifests, cancellationToken))
        {
            if (!BlobNames.TryParseManifest(blob.Name, out var partition))
            {
                _findings.Add(new Finding(blob.Name, -1, "This is no name of a manifest."));
                continue;
            }

            try
            {
                if (await JudgeAsync(manifests, survey, (partition, sessions), cancellationToken) is not { } judgedAs) continue;
                judged++;
                if (partition == names.Partition) _hasAllNames = await new JournalWords(_objects, segments).ReplayAsync(judgedAs, sessions.Found.Values, names.State, cancellationToken);
            }
            catch (LogException damage) when (damage is not StorageException)
            {
                Add(damage, blob.Name);
            }
        }

        return judged;
    }

    // What brokers changed meanwhile explains what seemed to be missing; what stands the same was judged as it is. Null: there is no such partition any more.
    private async ValueTask<Manifest?> JudgeAsync(BlobManifestStore manifests, PartitionSurvey survey, (PartitionId Partition, SurveyedSessions Sessions) of, CancellationToken cancellationToken)
    {
        var stored = await manifests.GetAsync(of.Partition, cancellationToken);
        for (var look = 0; stored is { } looked; look++)
        {
            Name(looked.Manifest);
            var findings = await survey.FindAsync(looked.Manifest, cancellationToken);
            if (findings.Count > 0 && look < Looks)
            {
                var hasMoved = await of.Sessions.SurveyChangedAsync(looked.Manifest, cancellationToken);
                stored = await manifests.GetAsync(of.Partition, cancellationToken);
                if (hasMoved || stored?.ETag != looked.ETag) continue;
            }

            _findings.AddRange(findings);
            return looked.Manifest;
        }

        return null;
    }

    // Deletion leaves a tombstone that outlives the objects by far: one without any manifest was lost with it.
    private void FindLostManifests(IEnumerable<string> orphans)
    {
        foreach (var objects in orphans.GroupBy(static name => name.Split('/') is [_, _, var topic, var index, _] ? $"{topic}/{index}" : string.Empty))
        {
            try
            {
                var partition = PartitionId.Parse(objects.Key);
                if (!_judged.Contains(partition)) _findings.Add(new Finding(BlobNames.ManifestOf(partition), -1, $"The manifest of partition {partition} is missing; {objects.Count()} objects of it are there."));
            }
            catch (FormatException)
            {
                foreach (var name in objects) _findings.Add(new Finding(name, -1, "This is no name of a segment or snapshot."));
            }
        }
    }

    private void Name(Manifest manifest)
    {
        _judged.Add(manifest.Partition);
        foreach (var segment in manifest.Extents.OfType<SegmentExtent>()) _named.Add(segment.Name);
        foreach (var dropped in manifest.PendingDelete) _named.Add(dropped);
        if (manifest.Snapshot is { } snapshot) _named.Add(snapshot.Name);
    }

    private void Add(LogException damage, string name) =>
        _findings.Add(damage is CorruptBlockException corrupt ? new Finding(corrupt.Location, corrupt.Position, corrupt.Detail) : new Finding(name, -1, damage.Message));
}
