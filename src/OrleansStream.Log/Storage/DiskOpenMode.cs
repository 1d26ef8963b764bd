namespace OrleansStream.Log.Storage;

/// <summary>How <see cref="IDisk.Open"/> opens a file.</summary>
[Flags]
public enum DiskOpenMode
{
    /// <summary>The file must exist; reads only.</summary>
    Read = 0,

    /// <summary>The file must exist; reads and writes.</summary>
    Write = 1,

    /// <summary>With <see cref="Write"/>: the file must not exist yet.</summary>
    CreateNew = 2,

    /// <summary>Past the page cache where the file system allows it; see <see cref="IDiskFile.Alignment"/> for what was granted.</summary>
    Direct = 4,
}
