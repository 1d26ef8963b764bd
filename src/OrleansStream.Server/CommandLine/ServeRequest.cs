namespace OrleansStream.Server.CommandLine;

/// <summary>What the command line asked for.</summary>
/// <param name="ConfigFile">A JSON file, or one whose name ends with .properties; null for none.</param>
/// <param name="Switches">Settings that win over file and environment.</param>
internal sealed record ServeRequest(string? ConfigFile, IReadOnlyDictionary<string, string?> Switches);
