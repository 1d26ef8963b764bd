using System.CommandLine;

namespace OrleansStream.Server.CommandLine;

/// <summary>The verbs of the executable. Without one it serves.</summary>
internal static class Commands
{
    private const int Failed = 1;

    /// <summary>Carries out a command line.</summary>
    /// <returns>The exit code: 0 for a broker that was told to stop, 1 for one that could not start; verify has its own.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            var (others, settings) = SettingArguments.Split(arguments);
            var parsed = Root(settings).Parse(others);
            if (parsed.Errors is [var error, ..])
            {
                throw new StartupException($"{error.Message} Try --help.");
            }

            using var stop = new StopSignals();

            // Its own handling of signals ends a process after two seconds, whatever it is doing; ours lets a broker finish.
            var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(invocation, stop.Token);
        }
        catch (Exception exception)
        {
            await StartupFailure.TellAsync(exception);
            return Failed;
        }
    }

    private static RootCommand Root(IReadOnlyDictionary<string, string?> settings)
    {
        var options = new ServeOptions();
        var root = new RootCommand("A Kafka-compatible broker on Orleans. Without a verb it serves. Settings: --Section:Name=Value, as in --Kafka:num.partitions=3.") { Serve(settings), Verify() };
        options.AddTo(root);
        root.SetAction((parsed, cancellationToken) => ServeVerb.RunAsync(options.Read(parsed, settings), cancellationToken));
        return root;
    }

    private static Command Serve(IReadOnlyDictionary<string, string?> settings)
    {
        var options = new ServeOptions();
        var serve = new Command("serve", "Serve Kafka clients until SIGTERM or Ctrl-C.");
        options.AddTo(serve);
        serve.SetAction((parsed, cancellationToken) => ServeVerb.RunAsync(options.Read(parsed, settings), cancellationToken));
        return serve;
    }

    private static Command Verify()
    {
        var data = new Option<string?>("--data") { Description = "The data directory; the default one unless set." };
        var verify = new Command("verify", "Read a whole data directory that no broker uses, report what is damaged, and change nothing. Exit code 0: clean, 1: damaged, 2: not readable.") { data };
        verify.SetAction((parsed, cancellationToken) => VerifyVerb.RunAsync(parsed.GetValue(data), cancellationToken));
        return verify;
    }
}
