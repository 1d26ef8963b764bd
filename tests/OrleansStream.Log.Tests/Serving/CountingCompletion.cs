using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Log.Tests.Serving;

/// <summary>Counts answers without allocating.</summary>
internal sealed class CountingCompletion : IAppendCompletion
{
    private int _succeeded;
    private int _failed;

    public int Succeeded => Volatile.Read(ref _succeeded);

    public int Failed => Volatile.Read(ref _failed);

    public void OnAppended(int token, in AppendOutcome outcome)
    {
        if (outcome.Error == ErrorCode.None) Interlocked.Increment(ref _succeeded);
        else Interlocked.Increment(ref _failed);
    }
}
