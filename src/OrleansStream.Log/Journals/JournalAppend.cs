using OrleansStream.Log.Serving;

namespace OrleansStream.Log.Journals;

/// <summary>One append of changes: its frame until it has a place, and its outcome.</summary>
internal sealed class JournalAppend(byte[] frame, int count, Action<int> onDurable)
    : TaskCompletionSource<AppendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously), IAppendCompletion
{
    public ReadOnlySpan<byte> Frame => frame;

    public int Count => count;

    // On the lane's dispatcher, in lane order; whoever waits goes on elsewhere.
    public void OnAppended(int token, in AppendOutcome outcome)
    {
        if (outcome.Error == Model.Errors.ErrorCode.None) onDurable(frame.Length);
        SetResult(outcome);
    }
}
