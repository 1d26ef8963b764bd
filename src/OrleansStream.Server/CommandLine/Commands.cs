using System.CommandLine;
using System.CommandLine.Help;

namespace OrleansStream.Server.CommandLine;

/// <summary>The verbs of the executable. Without one it serves.</summary>
internal static class Commands
{
    private const int Failed = 1;
    private const string VerifyName = "verify";

    /// <summary>Carries out a command line.</summary>
    /// <returns>The exit code: 0 for a broker that was told to stop, 1 for one that could not start; verify has its own.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        using var stop = new StopSignals();

        // 1 from verify says that data is damaged, so it says nothing else.
        var failed = arguments.Contains(VerifyName, StringComparer.Ordinal) ? VerifyVerb.Unreadable : Failed;
        try
        {
            var (others, settings) = SettingArguments.Split(arguments);
            var root = Root(settings);
            var parsed = root.Parse(others);
            failed = parsed.CommandResult.Command.Name == VerifyName ? VerifyVerb.Unreadable : Failed;
            if (parsed.Errors is [var error, ..])
            {
                throw new StartupException($"{Unknown.In(parsed, root) ?? error.Message} Try --help.");
            }

            // Its own handling of signals ends a process after two seconds, whatever it is doing; ours lets a broker finish.
            var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(invocation, stop.Token);
        }
        catch (Exception exception)
        {
            await StartupFailure.TellAsync(exception);
            return failed;
        }
    }

    // No RootCommand: that one is called after the assembly, and people type another name.
    private static Command Root(IReadOnlyDictionary<string, string?> settings)
    {
        var options = new SharedOptions();
        var root = new Command("orleansstream", "A Kafka-compatible broker on Orleans. Without a verb it serves. Settings: --Section:Name=Value, as in --Kafka:num.partitions=3.")
        {
            new HelpOption(),
            new VersionOption(),
            Serve(options, settings),
            Verify(options, settings),
        };
        options.AddTo(root);
        root.SetAction((parsed, cancellationToken) => ServeVerb.RunAsync(options.Read(parsed, settings), cancellationToken));
        return root;
    }

    private static Command Serve(SharedOptions options, IReadOnlyDictionary<string, string?> settings)
    {
        var serve = new Command("serve", "Serve Kafka clients until SIGTERM or Ctrl-C.");
        serve.SetAction((parsed, cancellationToken) => ServeVerb.RunAsync(options.Read(parsed, settings), cancellationToken));
        return serve;
    }

    private static Command Verify(SharedOptions options, IReadOnlyDictionary<string, string?> settings)
    {
        var verify = new Command(VerifyName, "Read a whole data directory that no broker uses, or with --storage the whole container of a cluster, whose brokers may run; report what is damaged, and change nothing. Which it is follows from the same settings as for serve; addresses do not matter. Exit code 0: clean, 1: damaged, 2: not readable.");
        verify.SetAction((parsed, cancellationToken) => VerifyVerb.RunAsync(() => options.Read(parsed, settings), cancellationToken));
        return verify;
    }
}
