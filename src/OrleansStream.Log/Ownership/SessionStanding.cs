namespace OrleansStream.Log.Ownership;

/// <summary>What the cluster knows of a session whose record stands open.</summary>
public enum SessionStanding
{
    /// <summary>It is its broker's newest one, and the broker was not declared dead.</summary>
    Lives,

    /// <summary>It is its broker's newest one, and the broker was declared dead.</summary>
    Ended,

    /// <summary>
    /// The registry names another session of its broker, or none, or membership does not know that broker. It was replaced, or cleaned away long ago; or it is
    /// so new that its broker is about to name it and then to join: the record is created first.
    /// </summary>
    Unknown,
}
