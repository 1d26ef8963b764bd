namespace OrleansStream.Testing.Brokers;

/// <summary>Where things lie on this machine: the repository, the server to be tested, and Apache Kafka if there is one.</summary>
public static class Repository
{
    /// <summary>The folder that holds the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Apache Kafka's folder from the environment variable KAFKA_HOME; null where it is not set or holds no start script.</summary>
    public static string? KafkaHome { get; } = FindKafka();

    /// <summary>
    /// The server's assembly: ORLEANSSTREAM_SERVER if set, else the published one, else the newest build.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is none: publish the server first (infra/publish.sh).</exception>
    public static string ServerAssembly()
    {
        var named = Environment.GetEnvironmentVariable("ORLEANSSTREAM_SERVER");
        if (!string.IsNullOrEmpty(named)) return Path.GetFullPath(named);

        const string assembly = "OrleansStream.Server.dll";
        var published = Path.Combine(Root, "artifacts", "server", assembly);
        if (File.Exists(published)) return published;

        var builds = Path.Combine(Root, "src", "OrleansStream.Server", "bin");
        var newest = !Directory.Exists(builds)
            ? null
            : Directory.EnumerateFiles(builds, assembly, SearchOption.AllDirectories).MaxBy(File.GetLastWriteTimeUtc);
        return newest ?? throw new FileNotFoundException("The server has not been built: run infra/publish.sh first.", published);
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "OrleansStream.sln"))) return directory.FullName;
        }
        throw new DirectoryNotFoundException($"No OrleansStream.sln above {AppContext.BaseDirectory}.");
    }

    private static string? FindKafka()
    {
        var home = Environment.GetEnvironmentVariable("KAFKA_HOME");
        return !string.IsNullOrEmpty(home) && File.Exists(Path.Combine(home, "start-broker.sh")) ? Path.GetFullPath(home) : null;
    }
}
