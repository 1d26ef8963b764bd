namespace OrleansStream.Log.Serving;

/// <summary>Whether an append has begun.</summary>
public enum AppendStatus
{
    /// <summary>The completion was or will be called.</summary>
    Begun,

    /// <summary>The lane's open blocks are at their bound. Nothing happened and the completion is not called: wait for room and append again.</summary>
    Full,
}
