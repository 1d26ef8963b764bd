namespace OrleansStream.Log.Storage;

/// <summary>An object is not there. Whoever knew its name from a manifest or an index may have an old one: he looks at the newest once, and tries again (rule D2).</summary>
public sealed class MissingObjectException(string name) : LogException($"'{name}' is missing.")
{
    public string Name { get; } = name;
}
