namespace OrleansStream.Log.Serving;

/// <summary>What an open does where another broker owns the partition.</summary>
public enum OpenApproach
{
    /// <summary>Asks the owner to let go of it (rule O3): the partition is to be here.</summary>
    AsksOwner,

    /// <summary>Leaves it where it is: this broker had it before its own lane ended, and does not take it back from a healthy owner (rule W3).</summary>
    LeavesOwner,
}
