namespace OrleansStream.Testing.Disks;

/// <summary>What is asked of a <see cref="SimulatedDisk"/>.</summary>
public enum DiskOperation
{
    Create,
    CreateDirectory,
    Rename,
    Delete,
    Reserve,
    Write,
    Truncate,
    SyncData,
    SyncDirectory,
    Read,
}

/// <summary>One call, as a fault plan sees it. Position and length are 0 where the operation has none.</summary>
public readonly record struct DiskCall(DiskOperation Operation, string Path, long Position, int Length);

/// <summary>What a fault plan does to a call.</summary>
public enum DiskFault
{
    None,

    /// <summary>The call fails with EIO. A failed data sync drops what was not synced and marks it clean, as Linux does; a failed write leaves a part behind.</summary>
    Fail,

    /// <summary>The call fails with ENOSPC. A write leaves a part behind.</summary>
    NoSpace,
}
