namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>Names of columns and rows, as every silo with Orleans' own packages writes them. All columns hold text.</summary>
internal static class Columns
{
    public const string PartitionKey = nameof(PartitionKey);
    public const string RowKey = nameof(RowKey);

    public const string DeploymentId = nameof(DeploymentId);
    public const string Address = nameof(Address);
    public const string Port = nameof(Port);
    public const string Generation = nameof(Generation);
    public const string HostName = nameof(HostName);
    public const string Status = nameof(Status);
    public const string ProxyPort = nameof(ProxyPort);
    public const string RoleName = nameof(RoleName);
    public const string SiloName = nameof(SiloName);
    public const string InstanceName = nameof(InstanceName);
    public const string UpdateZone = nameof(UpdateZone);
    public const string FaultZone = nameof(FaultZone);
    public const string SuspectingSilos = nameof(SuspectingSilos);
    public const string SuspectingTimes = nameof(SuspectingTimes);
    public const string StartTime = nameof(StartTime);
    public const string IAmAliveTime = nameof(IAmAliveTime);
    public const string MembershipVersion = nameof(MembershipVersion);

    /// <summary>What a silo says of itself and others of it, but for the heartbeat, which changes by itself.</summary>
    public static readonly string[] OfSiloButHeartbeat =
    [
        Address, Port, Generation, HostName, Status, ProxyPort, RoleName, SiloName, UpdateZone, FaultZone, SuspectingSilos, SuspectingTimes, StartTime,
    ];
}
