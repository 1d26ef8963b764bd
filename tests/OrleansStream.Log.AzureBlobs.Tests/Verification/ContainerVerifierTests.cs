using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Brokers;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.AzureBlobs.Verification;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Verification;

/// <summary>That every byte which somebody relies on is looked at, and that what is whole is told as whole while brokers run.</summary>
public sealed class ContainerVerifierTests
{
    private const int Partitions = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_of_brokers_that_run_and_of_one_that_is_dead_is_whole()
    {
        await using var cluster = await ClusterAsync();
        cluster.Blobs.BeforeCall = static call => Assert.False(call.Kind is BlobCallKind.Put or BlobCallKind.Delete, $"{call.Kind} of {call.Name} by somebody who only reads.");

        var report = await VerifyAsync(cluster);

        cluster.Blobs.BeforeCall = null;
        Assert.Empty(report.Findings);
        Assert.Equal((Partitions, 3, 0L), (report.Partitions, report.Sessions, report.Orphans));
    }

    // Fences are left out: any that stands at the end of a session will do.
    [Fact]
    public async Task A_changed_byte_of_whatever_blob_is_told_with_its_name()
    {
        await using var cluster = await ClusterAsync();
        var random = new Random(1);
        foreach (var name in cluster.Blobs.Names.Where(name => name[0] is 'w' or 'm' or 's' or 'b' or 'p' or 'r' && cluster.Blobs[name].Length > 48))
        {
            var bytes = cluster.Blobs[name];

            // Of a block, behind its directory come zeros up to the next border of 4 KiB.
            var used = Array.FindLastIndex(bytes, static one => one != 0) + 1;
            foreach (var at in (int[])[0, used / 2, used - 1, random.Next(used), Math.Min(used, bytes.Length - 1), bytes.Length - 1])
            {
                bytes[at] ^= 0x10;
                var findings = (await VerifyAsync(cluster)).Findings;
                Assert.True(findings.Any(finding => finding.File == name || finding.What.Contains(name, StringComparison.Ordinal)), $"Byte {at} of {name}: {string.Join(" | ", findings)}");
                bytes[at] ^= 0x10;
            }
        }

        Assert.Empty((await VerifyAsync(cluster)).Findings);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_block_whose_blob_is_longer_or_shorter_than_it_is_told(int more)
    {
        await using var cluster = await ClusterAsync();
        var name = cluster.Blobs.Names.First(name => name[0] == 'w' && cluster.Blobs[name].Length >= 4096);
        var bytes = cluster.Blobs[name];
        await cluster.Blobs.DeleteAsync(name, Token);
        var changed = new byte[bytes.Length + more];
        bytes.AsSpan(0, Math.Min(bytes.Length, changed.Length)).CopyTo(changed);
        await cluster.Blobs.PutAsync(name, new(changed), expected: null, Guid.Empty, Token);

        Assert.Contains((await VerifyAsync(cluster)).Findings, finding => finding.File == name);
    }

    [Fact]
    public async Task A_block_or_segment_that_is_missing_is_told()
    {
        await using var cluster = await ClusterAsync();
        var dead = cluster.Find(new BrokerId(1))!.Session;
        var end = (await cluster.Sessions.GetAsync(dead, Token))!.Record.End!.Value;
        var needed = cluster.Blobs.Names.Where(name => name[0] == 'p' || (name.Contains($"/{dead}/", StringComparison.Ordinal) && name[0] == 'w' && string.CompareOrdinal(name[^16..], $"{end}") < 0)).ToList();
        Assert.Contains(needed, static name => name[0] == 'p');
        foreach (var name in needed)
        {
            var bytes = cluster.Blobs[name];
            await cluster.Blobs.DeleteAsync(name, Token);
            var findings = (await VerifyAsync(cluster)).Findings;
            Assert.Contains(findings, finding => finding.File == name);
            await cluster.Blobs.PutAsync(name, new(bytes), expected: null, Guid.Empty, Token);
        }
    }

    [Fact]
    public async Task A_digest_that_says_something_else_than_its_blocks_is_told()
    {
        await using var cluster = await ClusterAsync();
        var broker = cluster.Find(new BrokerId(2))!;
        var handle = await broker.OpenAsync();
        for (var record = 0; record < 300; record++) await TestBroker.AppendDurablyAsync(handle, $"{record}");
        var name = Assert.Single(cluster.Blobs.Names, static name => name[0] == 'd');
        Assert.Empty((await VerifyAsync(cluster)).Findings);

        var blobs = new SessionDigests(cluster.Blobs, clusterGeneration: 0).Blobs;
        var digest = (await blobs.GetAsync(name, static (record, _) => SlotDigestCodec.Read(record), Token))!;
        await cluster.Blobs.DeleteAsync(name, Token);
        var other = blobs.Envelope.Close(name, Guid.NewGuid(), output => SlotDigestCodec.Write(digest with { LastChecksum = digest.LastChecksum + 1 }, output));
        await cluster.Blobs.PutAsync(name, new(other), expected: null, Guid.Empty, Token);

        Assert.Equal(name, Assert.Single((await VerifyAsync(cluster)).Findings).File);
    }

    [Fact]
    public async Task Objects_that_no_manifest_names_are_counted_and_are_no_damage()
    {
        await using var cluster = await ClusterAsync();
        await cluster.Blobs.PutAsync($"p/000/{TestCluster.Partition}/0000000000000000-0-00000000000000000000000000000001", new(new byte[5]), expected: null, Guid.Empty, Token);

        var report = await VerifyAsync(cluster);

        Assert.Empty(report.Findings);
        Assert.Equal((1L, 5L), (report.Orphans, report.OrphanBytes));
    }

    // Nobody would find out: what a manifest named would be an orphan, and a session without a record begins at slot 0.
    [Theory]
    [InlineData("m/")]
    [InlineData("s/")]
    public async Task A_record_that_is_missing_is_told(string kind)
    {
        await using var cluster = await ClusterAsync();
        var released = TestCluster.PartitionOf(2);
        foreach (var name in cluster.Blobs.Names.Where(name => name.StartsWith(kind, StringComparison.Ordinal) && (kind == "s/" || name.EndsWith($"{released}", StringComparison.Ordinal))))
        {
            var bytes = cluster.Blobs[name];
            await cluster.Blobs.DeleteAsync(name, Token);
            Assert.Contains((await VerifyAsync(cluster)).Findings, finding => finding.File == name);
            await cluster.Blobs.PutAsync(name, new(bytes), expected: null, Guid.Empty, Token);
        }
    }

    [Fact]
    public async Task A_container_of_no_cluster_is_not_judged()
    {
        await using var cluster = new TestCluster();

        var refused = await Assert.ThrowsAsync<LogException>(() => VerifyAsync(cluster));
        Assert.Contains("'cluster'", refused.Message, StringComparison.Ordinal);
    }

    // Broker 1 dies with two partitions, of which broker 2 takes one; broker 3 lets go of one that it has appended to, which cuts a segment.
    private static async Task<TestCluster> ClusterAsync()
    {
        var cluster = new TestCluster();
        var record = new ClusterRecord(TestCluster.ClusterId, Generation: 0, HashSeed: 1, HashVersion: 1, GroupPartitions: 8);
        await new BlobClusterRecords(cluster.Container, cluster.Undecided).GetOrCreateAsync(record, Token);
        var first = await cluster.StartAsync(1);
        var second = await cluster.StartAsync(2);
        var third = await cluster.StartAsync(3);
        for (var index = 0; index < Partitions; index++)
        {
            var broker = index < 2 ? first : third;
            await TestBroker.AppendDurablyAsync(await broker.OpenAsync(TestCluster.PartitionOf(index)), "a", "b", "c");
        }

        await second.OpenAsync(TestCluster.PartitionOf(2));
        first.IsDead = true;
        await TestBroker.AppendDurablyAsync(await second.OpenAsync(TestCluster.PartitionOf(0)), "d");
        return cluster;
    }

    private static Task<ContainerReport> VerifyAsync(TestCluster cluster) =>
        new ContainerVerifier(cluster.Blobs, cluster.Undecided, (TestCluster.PartitionOf(99), new Forgetful())).VerifyAsync(Token);

    private sealed class Forgetful : IJournalState
    {
        public void Restore(ReadOnlySpan<byte> snapshot)
        {
        }

        public void Apply(Offset offset, ReadOnlySpan<byte> change)
        {
        }

        public byte[] Snapshot() => [];
    }
}
