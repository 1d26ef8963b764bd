namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What readers were handed, against the log and against itself.</summary>
internal static class PollCheck
{
    public static IEnumerable<Violation> Violations(History history, IReadOnlyDictionary<int, PartitionLog> logs)
    {
        foreach (var polls in history.Polls.GroupBy(poll => poll.Reading))
        {
            var reading = history.Readings[polls.Key];
            foreach (var violation in Steps(reading, polls)) yield return violation;
            foreach (var violation in Against(logs.GetValueOrDefault(reading.Partition), reading, polls)) yield return violation;
        }
    }

    private static IEnumerable<Violation> Steps(Reading reading, IEnumerable<Poll> polls)
    {
        // A reader by hand begins at 0; where a member begins is for CommitCheck.
        long? expected = reading.Group is null ? 0 : null;
        foreach (var poll in polls)
        {
            if (expected is { } next && poll.Offset != next)
            {
                var kind = poll.Offset < next ? ViolationKind.PollWentBack : ViolationKind.SkippedPoll;
                yield return new(kind, $"{reading.Consumer}, partition {reading.Partition}: offset {poll.Offset} came where {next} was due ({poll.At.TotalSeconds:0.000} s)");
            }
            expected = poll.Offset + 1;
        }
    }

    private static IEnumerable<Violation> Against(PartitionLog? log, Reading reading, IEnumerable<Poll> polls)
    {
        foreach (var poll in polls)
        {
            var what = $"{reading.Consumer}, partition {reading.Partition}, offset {poll.Offset}: {poll.Name} was shown ({poll.At.TotalSeconds:0.000} s)";
            if (log?.At(poll.Offset) is not { } there)
            {
                yield return new(ViolationKind.ShownAndGone, $"{what}, nothing is there");
            }
            else if (there.Name != poll.Name)
            {
                yield return new(ViolationKind.TwoRecordsAtOneOffset, $"{what}, {there.Name} is there");
            }
            else if (poll.Epoch >= 0 && there.Epoch >= 0 && poll.Epoch != there.Epoch)
            {
                yield return new(ViolationKind.EpochWentBack, $"{what} in epoch {poll.Epoch}, epoch {there.Epoch} is there");
            }
        }
    }
}
