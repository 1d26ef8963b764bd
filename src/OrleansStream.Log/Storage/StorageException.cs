namespace OrleansStream.Log.Storage;

/// <summary>A remote store could not be asked, or refused. Unless it says otherwise nothing is known to have changed.</summary>
/// <param name="name">The object, or the container where it is about no single one.</param>
/// <param name="operation">What was asked for.</param>
/// <param name="reason">What the store said, as the end of a sentence. Never holds a secret.</param>
/// <param name="cause">The failure behind it.</param>
public class StorageException(string name, string operation, string reason, Exception? cause = null)
    : LogException($"{operation} of '{name}' failed: {reason}.", cause)
{
    public string Name { get; } = name;

    public string Operation { get; } = operation;

    /// <summary>Whether the same call may succeed later by itself: the store was busy or out of reach. Otherwise somebody has to mend credentials, names or rights.</summary>
    public bool IsTransient { get; init; }
}

/// <summary>A write was neither seen to succeed nor to be refused: it may stand, or come to stand later. Read the name before anything else is decided, and delete nothing (rule M4).</summary>
public sealed class OutcomeUnknownException(string name, string operation, string reason, Exception? cause = null)
    : StorageException(name, operation, reason, cause);
