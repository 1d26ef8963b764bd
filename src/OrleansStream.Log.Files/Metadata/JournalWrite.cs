namespace OrleansStream.Log.Files.Metadata;

/// <summary>One compare-and-set that waits for its group.</summary>
internal sealed class JournalWrite(JournalKey key, byte[] payload, long? expected)
{
    private readonly TaskCompletionSource<JournalOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JournalKey Key => key;

    public byte[] Payload => payload;

    /// <summary>The version that must stand; null if there must be none.</summary>
    public long? Expected => expected;

    /// <summary>Given when the write is staged.</summary>
    public long Version { get; set; }

    public Task<JournalOutcome> Completion => _completion.Task;

    public void Complete(JournalResult result) => _completion.TrySetResult(new JournalOutcome(result, Version));

    public void Fail(Exception error) => _completion.TrySetException(error);
}

internal enum JournalResult
{
    Written,
    Conflict,
    Unknown,
}

internal readonly record struct JournalOutcome(JournalResult Result, long Version);
