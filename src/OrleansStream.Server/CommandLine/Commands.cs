using System.CommandLine;

namespace OrleansStream.Server.CommandLine;

/// <summary>The verbs of the executable. Without one it serves.</summary>
internal static class Commands
{
    private const int Failed = 1;

    public static RootCommand Root()
    {
        var root = new RootCommand("A Kafka-compatible broker on Orleans. Without a verb it serves.") { Serve(out var options) };
        options.AddTo(root);
        root.SetAction((parsed, cancellationToken) => RunAsync(() => ServeVerb.RunAsync(options.Read(parsed), cancellationToken)));
        root.Add(Verify());
        return root;
    }

    private static Command Serve(out ServeOptions options)
    {
        var own = options = new ServeOptions();
        var serve = new Command("serve", "Serve Kafka clients until SIGTERM or Ctrl-C.");
        own.AddTo(serve);
        serve.SetAction((parsed, cancellationToken) => RunAsync(() => ServeVerb.RunAsync(own.Read(parsed), cancellationToken)));
        return serve;
    }

    private static Command Verify()
    {
        var data = new Option<string?>("--data") { Description = "The data directory; the default one unless set." };
        var verify = new Command("verify", "Read a whole data directory, report what is damaged, and change nothing.") { data };
        verify.SetAction((parsed, cancellationToken) => RunAsync(() => VerifyVerb.RunAsync(parsed.GetValue(data), cancellationToken)));
        return verify;
    }

    // What a person did wrong is one sentence; anything else is our fault and keeps its stack trace.
    private static async Task<int> RunAsync(Func<Task<int>> verb)
    {
        try
        {
            return await verb();
        }
        catch (Exception exception) when (StartupFailure.Explain(exception) is { } sentence)
        {
            await Console.Error.WriteLineAsync(sentence);
            return Failed;
        }
    }
}
