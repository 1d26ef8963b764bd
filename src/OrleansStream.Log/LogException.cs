namespace OrleansStream.Log;

/// <summary>The surroundings of the log are broken: a disk, a store, stored bytes. What a client did wrong is a return value instead.</summary>
public class LogException(string message, Exception? inner = null) : Exception(message, inner);
