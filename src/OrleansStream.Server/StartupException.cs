namespace OrleansStream.Server;

/// <summary>The broker cannot start as it was asked to. The message is the one sentence that the person at the terminal reads.</summary>
public sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);
