namespace OrleansStream.Model;

/// <summary>Sizes that no option changes. Everything that an operator may want to change is an option instead; docs/operations/bounds.md lists both.</summary>
public static class Limits
{
    public const int KiB = 1024;
    public const int MiB = 1024 * KiB;
    public const long GiB = 1024L * MiB;

    /// <summary>Blocks start here in a file, so that no write touches a page with acknowledged bytes (rule F4).</summary>
    public const int BlockAlignment = 4 * KiB;

    /// <summary>Bytes at which an open block is sealed, unless a single frame is larger.</summary>
    public const int BlockBytes = 4 * MiB;

    /// <summary>The largest block that is ever written or read.</summary>
    public const int MaxBlockBytes = 16 * MiB;

    /// <summary>Longest time that a grain call may take; what lasts longer is waited for with a ticket.</summary>
    public static readonly TimeSpan GrainCall = TimeSpan.FromSeconds(5);
}
