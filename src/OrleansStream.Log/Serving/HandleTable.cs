using System.Diagnostics.CodeAnalysis;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>The partitions that are open on this broker. Looking one up takes no lock.</summary>
public sealed class HandleTable
{
    public bool TryGet(PartitionId partition, [NotNullWhen(true)] out PartitionHandle? handle) => throw new NotImplementedException();

    /// <summary>Every open partition, in no order.</summary>
    public IEnumerable<PartitionHandle> All => throw new NotImplementedException();

    public int Count => throw new NotImplementedException();
}
