using System.Text.Json;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>A client in another language: a script beside these tests that plays scenarios and prints what it saw.</summary>
/// <param name="Name">What names of topics begin with.</param>
/// <param name="Script">Path below this project.</param>
/// <param name="Codecs">The codecs that it can produce with, where it is installed as infra/test.sh does it.</param>
public sealed record ScriptedClient(string Name, string Script, params string[] Codecs)
{
    public static readonly ScriptedClient KafkaPython = new("kafka-python", "python/kafka_python.py", "none", "gzip", "snappy", "lz4", "zstd");
    public static readonly ScriptedClient ConfluentPython = new("confluent-python", "python/confluent.py", "none", "gzip", "snappy", "lz4", "zstd");
    public static readonly ScriptedClient KafkaJs = new("kafkajs", "node/kafkajs.mjs", "none", "gzip", "snappy");
    public static readonly ScriptedClient Platformatic = new("platformatic", "node/platformatic.mjs", "none", "gzip", "snappy", "lz4", "zstd");

    // Debian's packages belong to Debian's interpreter, whatever else comes first on the path.
    private const string Python = "/usr/bin/python3";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Plays one scenario and returns what the script printed.</summary>
    internal async Task<T> PlayAsync<T>(string bootstrap, string scenario, string topic, string group)
    {
        var folder = Path.Combine(Repository.Root, "tests", "OrleansStream.Interop.Tests");
        var program = Script.EndsWith(".py", StringComparison.Ordinal) ? Python : NodeIn(folder);
        var output = await ExternalTool.RunAsync(program, [Path.Combine(folder, Script), bootstrap, scenario, topic, group]);
        return JsonSerializer.Deserialize<T>(output, Json) ?? throw new InvalidOperationException($"{Name} printed nothing.");
    }

    // The clients want a newer node than distributions have: a package brings one along. Elsewhere the machine's has to do.
    private static string NodeIn(string folder)
    {
        var packages = Path.Combine(folder, "node", "node_modules");
        return Directory.EnumerateDirectories(packages, "node-linux-*").Select(package => Path.Combine(package, "bin", "node")).FirstOrDefault() ?? "node";
    }
}
