namespace OrleansStream.Testing.Proxies;

/// <summary>Requests that a person would call alike.</summary>
/// <param name="Service">blob or table.</param>
/// <param name="Method">GET, PUT and so on, or LIST.</param>
/// <param name="What">The first part of a blob's name (<c>w</c> for blocks, <c>m</c> for manifests), or the table.</param>
public readonly record struct RequestKind(string Service, string Method, string What)
{
    /// <summary>Whether storage is changed by it, as far as the method tells.</summary>
    public bool IsWrite => Method is "PUT" or "POST" or "DELETE" or "PATCH" or "MERGE";
}
