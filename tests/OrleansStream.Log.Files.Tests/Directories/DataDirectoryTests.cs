using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Directories;

public sealed class DataDirectoryTests : IDisposable
{
    private static readonly DataDirectoryIdentity Identity = new(DataDirectoryIdentity.NewClusterId(new Guid("00112233-4455-6677-8899-aabbccddeeff")), new BrokerId(3));

    private readonly string _path = Directory.CreateTempSubdirectory("orleansstream-").FullName;
    private readonly SimulatedDisk _disk = new();

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void A_cluster_id_has_22_characters_of_base64url() => Assert.Matches("^[A-Za-z0-9_-]{22}$", Identity.ClusterId);

    [Fact]
    public void A_new_directory_keeps_the_identity_that_it_was_given()
    {
        Assert.Equal(Identity, DataDirectory.OpenOrCreate(_disk, "data", Identity));
        var other = Identity with { ClusterId = "another" };
        Assert.Equal(Identity, DataDirectory.OpenOrCreate(_disk.CutPower(1), "data", other));
    }

    [Fact]
    public void A_crash_at_any_write_point_leaves_a_directory_that_opens_with_one_identity()
    {
        var counting = new SimulatedDisk();
        DataDirectory.OpenOrCreate(counting, "data", Identity);
        for (var point = 1L; point <= counting.WritePoints; point++)
        {
            for (var seed = 0; seed < 20; seed++)
            {
                var disk = new SimulatedDisk { StopAtWritePoint = point };
                Assert.Throws<SimulatedCrashException>(() => DataDirectory.OpenOrCreate(disk, "data", Identity));
                var left = seed == 0 ? disk.Kill() : disk.CutPower(seed);
                var opened = DataDirectory.OpenOrCreate(left, "data", Identity with { ClusterId = "second" });
                Assert.Equal(opened, DataDirectory.OpenOrCreate(left.CutPower(seed), "data", Identity with { ClusterId = "third" }));
            }
        }
    }

    [Fact]
    public void Another_brokers_directory_is_refused()
    {
        DataDirectory.OpenOrCreate(_disk, "data", Identity);
        var error = Assert.Throws<DataDirectoryException>(() => DataDirectory.OpenOrCreate(_disk, "data", Identity with { Broker = new BrokerId(4) }));
        Assert.Equal("The data directory 'data' belongs to broker 3, but this broker is configured as 4.", error.Message);
    }

    [Theory]
    [InlineData("orleansstream-data 2\ncluster x\nbroker 3\n", "has format 2")]
    [InlineData("orleansstream-data 1\ncluster x\n", "is damaged")]
    [InlineData("orleansstream-data 1\ncluster x\nbroker -1\n", "is damaged")]
    [InlineData("", "is damaged")]
    [InlineData("garbage", "is damaged")]
    public void An_identity_that_cannot_be_read_is_refused_with_a_sentence(string text, string expected)
    {
        Write(_disk, "identity", text);
        Assert.Contains(expected, Assert.Throws<DataDirectoryException>(() => DataDirectory.OpenOrCreate(_disk, "data", Identity)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_without_an_identity_is_refused()
    {
        _disk.CreateDirectory("wal");
        Write(_disk, "wal/x", "data");
        var error = Assert.Throws<DataDirectoryException>(() => DataDirectory.OpenOrCreate(_disk, "data", Identity));
        Assert.Contains("'wal/x'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_opener_is_told_that_the_directory_is_in_use()
    {
        using var first = DataDirectory.Open(_path, _ => _disk, Identity);
        var error = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_path, _ => _disk, Identity));
        Assert.Equal($"The data directory '{_path}' is in use by another process.", error.Message);
    }

    [Fact]
    public void The_lock_goes_with_its_holder()
    {
        DataDirectory.Open(_path, _ => _disk, Identity).Dispose();
        using var again = DataDirectory.Open(_path, _ => _disk, Identity);
        Assert.Equal(Identity, again.Identity);
    }

    [Fact]
    public void A_directory_with_foreign_files_is_refused_untouched()
    {
        File.WriteAllText(Path.Combine(_path, "thesis.txt"), "mine");
        var error = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_path, _ => _disk, Identity));
        Assert.Contains("it holds 'thesis.txt'", error.Message, StringComparison.Ordinal);
        Assert.Equal(["thesis.txt"], Directory.EnumerateFileSystemEntries(_path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_disk_that_refuses_writes_is_reported_with_a_sentence()
    {
        _disk.Faults = call => call.Operation == DiskOperation.CreateDirectory ? DiskFault.Fail : DiskFault.None;
        var error = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_path, _ => _disk, Identity));
        Assert.Contains("cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_is_a_file_is_reported_with_a_sentence()
    {
        var file = Path.Combine(_path, "file");
        File.WriteAllText(file, "");
        Assert.Contains("cannot be written", Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(file, _ => _disk, Identity)).Message, StringComparison.Ordinal);
    }

    private static void Write(SimulatedDisk disk, string path, string text)
    {
        using var file = disk.Open(path, DiskOpenMode.Write | DiskOpenMode.CreateNew);
        file.Write(0, [System.Text.Encoding.UTF8.GetBytes(text)]);
    }
}
