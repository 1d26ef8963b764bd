using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>What the store of one session is made of.</summary>
public sealed record BlobLaneSetup
{
    /// <summary>Most blocks that a lane may have on its way: well below the 64 slots that a far fence lies ahead (rule X2).</summary>
    public const int MaxDepth = 8;

    public required IBlobContainer Container { get; init; }

    /// <summary>Whose blocks they are. Its record stands already.</summary>
    public required SessionId Session { get; init; }

    /// <summary>The cluster's; stands in what the lane writes beside its blocks (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>The pauses between tries of one block, and how long a block may go without an outcome: 60 s by rule W2.</summary>
    public required UndecidedPuts Undecided { get; init; }

    /// <summary>Blocks on their way at once. 1 to 8, of which rule W1 wants 4 to 8; 6 unless set.</summary>
    public int Depth { get; init; } = 6;

    /// <summary>Blocks after which the lane writes down what they hold, unless they are large. 1 to 256; 256 unless set, which are read within a fraction of a second.</summary>
    public int DigestSlots { get; init; } = 256;

    /// <summary>Asked before a block counts that was long on its way, or came when the process had stood still (rule W2). Null: no block is held.</summary>
    public SessionWatch? Watch { get; init; }

    /// <summary>What deletions of trimmed blocks take their requests from; null: nothing holds them up.</summary>
    public WorkBudget? Budget { get; init; }

    /// <summary>Called, from any thread, when blocks became durable or the store has failed: what wakes the lane's writer.</summary>
    public Action Wake { get; init; } = static () => { };
}
