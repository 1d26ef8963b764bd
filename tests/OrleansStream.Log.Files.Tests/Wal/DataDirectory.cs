using OrleansStream.Log.Files.Disks;

namespace OrleansStream.Log.Files.Tests.Wal;

/// <summary>A directory that exists as long as its test.</summary>
internal sealed class DataDirectory : IDisposable
{
    public DataDirectory()
    {
        Path = System.IO.Directory.CreateTempSubdirectory("orleansstream-test-").FullName;
        Disk = new LinuxDisk(Path);
    }

    public string Path { get; }

    public LinuxDisk Disk { get; }

    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}
