using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Architecture.Tests;

// The log and the coordination run under a simulator that gives them their time, chance and scheduler: what goes round it would make runs differ.
public sealed class RefusedCallTests
{
    private static readonly string[] Deterministic = ["src/OrleansStream.Log/", "src/OrleansStream.Coordination/"];

    // It has a thread for its lane, which a simulation does without; but all that a simulation runs is as deterministic.
    private static readonly string[] DeterministicCalls = [.. Deterministic, "src/OrleansStream.Log.AzureBlobs/"];

    private static readonly string[] RefusedCalls =
    [
        "ConfigureAwait", "Task.Run", "Task.Delay", "ThreadPool.QueueUserWorkItem", "ThreadPool.UnsafeQueueUserWorkItem", "Thread.Sleep", "Guid.NewGuid", "Environment.TickCount", "Environment.TickCount64", "Stopwatch.GetTimestamp", "Stopwatch.StartNew",
    ];

    private static readonly string[] RefusedTypes = ["Thread", "Timer", "PeriodicTimer", "Random"];

    private static readonly string[] RefusedMembers = ["Random.Shared", "DateTime.UtcNow", "DateTimeOffset.UtcNow", "DateTime.Now"];

    private static readonly string[] RefusedFolders = ["Common", "Core", "Helpers", "Utils", "Managers", "Services", "Interfaces"];

    private static IEnumerable<SourceFile> SourcesOf(string[] folders) => Repository.Sources("src")
        .Where(file => folders.Any(prefix => file.Path.StartsWith(prefix, StringComparison.Ordinal)));

    [Fact]
    public void The_log_and_the_coordination_call_nothing_that_makes_two_runs_differ()
    {
        var found =
            from file in SourcesOf(DeterministicCalls)
            from call in file.Syntax.DescendantNodes().OfType<InvocationExpressionSyntax>()
            let name = call.Expression.ToString()
            where !IsDelayOfGivenTime(name, call)
            where RefusedCalls.Any(refused => name == refused || name.EndsWith("." + refused, StringComparison.Ordinal))
            select $"{file.Path}:{file.LineOf(call)}: {name}";

        Findings.None(found);
    }

    [Fact]
    public void The_log_and_the_coordination_have_no_threads_timers_or_chance_of_their_own()
    {
        var created =
            from file in SourcesOf(Deterministic)
            from node in file.Syntax.DescendantNodes()
            where (node is ObjectCreationExpressionSyntax created && RefusedTypes.Contains(created.Type.ToString()))
                || (node is MemberAccessExpressionSyntax member && RefusedMembers.Contains(member.ToString()))
            select $"{file.Path}:{file.LineOf(node)}: {node}";

        Findings.None(created);
    }

    [Fact]
    public void Folders_are_nouns_of_the_domain()
    {
        var found = Repository.Sources("src").Where(file => file.Path.Split('/').SkipLast(1).Any(RefusedFolders.Contains)).Select(file => file.Path);

        Findings.None(found);
    }

    [Fact]
    public void Namespace_and_folder_agree()
    {
        var strangers =
            from file in Repository.Sources("src")
            from space in file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
            let folder = string.Join('.', file.Path.Split('/').Skip(1).SkipLast(1))
            where space.Name.ToString() != folder && !space.Name.ToString().StartsWith("System.", StringComparison.Ordinal) // What an old target framework lacks.
            select $"{file.Path}: namespace {space.Name}";

        Findings.None(strangers);
    }

    [Fact]
    public void Nothing_waits_for_an_issue_that_is_not_named()
    {
        var found = Repository.Sources("src").Concat(Repository.Sources("tests"))
            .Where(file => !file.Path.StartsWith("tests/OrleansStream.Architecture.Tests/", StringComparison.Ordinal))
            .Where(file => file.Text.Contains("TODO", StringComparison.Ordinal) || file.Text.Contains("NotImplementedException", StringComparison.Ordinal) || file.Text.Contains("FIXME", StringComparison.Ordinal))
            .Select(file => file.Path);

        Findings.None(found);
    }


    // With a TimeProvider among its arguments a delay is the simulator's to end.
    private static bool IsDelayOfGivenTime(string name, InvocationExpressionSyntax call) =>
        name == "Task.Delay" && call.ArgumentList.Arguments is [_, var time, ..] && time.ToString().Contains("ime", StringComparison.Ordinal);
}
