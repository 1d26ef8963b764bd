namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>What a client may do, a bit for each operation, where nobody is refused anything: everything that there is for such a thing, as Kafka without an authorizer says.</summary>
internal static class AuthorizedOperations
{
    // The numbers of operations in ACLs.
    private const int Read = 1 << 3;
    private const int Write = 1 << 4;
    private const int Create = 1 << 5;
    private const int Delete = 1 << 6;
    private const int Alter = 1 << 7;
    private const int Describe = 1 << 8;
    private const int ClusterAction = 1 << 9;
    private const int DescribeConfigs = 1 << 10;
    private const int AlterConfigs = 1 << 11;
    private const int IdempotentWrite = 1 << 12;

    public const int OfTopic = Read | Write | Create | Delete | Alter | Describe | DescribeConfigs | AlterConfigs;

    public const int OfCluster = Create | Alter | Describe | ClusterAction | DescribeConfigs | AlterConfigs | IdempotentWrite;

    public const int OfGroup = Read | Delete | Describe | DescribeConfigs | AlterConfigs;
}
