using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Testing.Serving;

/// <summary>Notes what became of appends, in the order in which it was told. Telling one append twice fails.</summary>
public sealed class RecordedAppends : IAppendCompletion
{
    private readonly List<(int Token, AppendOutcome Outcome)> _all = [];

    public IReadOnlyList<(int Token, AppendOutcome Outcome)> All
    {
        get
        {
            lock (_all) return [.. _all];
        }
    }

    public IEnumerable<int> Tokens => All.Select(append => append.Token);

    public IEnumerable<ErrorCode> Errors => All.Select(append => append.Outcome.Error);

    public AppendOutcome Last => All[^1].Outcome;

    public void OnAppended(int token, in AppendOutcome outcome)
    {
        lock (_all)
        {
            if (_all.Any(append => append.Token == token)) throw new InvalidOperationException($"Append {token} was answered twice.");
            _all.Add((token, outcome));
        }
    }
}
