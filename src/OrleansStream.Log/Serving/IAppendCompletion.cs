namespace OrleansStream.Log.Serving;

/// <summary>Whoever waits for an append. Called once for each append, from the appending caller or from the lane's dispatcher; must not block.</summary>
public interface IAppendCompletion
{
    void OnAppended(int token, in AppendOutcome outcome);
}
