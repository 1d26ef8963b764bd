namespace OrleansStream.Log.Serving;

/// <summary>Whoever waits for an append. Called once for each append, from the appending caller or from the lane's dispatcher; must not block.</summary>
public interface IAppendCompletion
{
    /// <summary>What became of it. REQUEST_TIMED_OUT: it may be stored. After any other error it is not, and never comes to be; of an earlier batch that it repeats nothing is said.</summary>
    void OnAppended(int token, in AppendOutcome outcome);
}
