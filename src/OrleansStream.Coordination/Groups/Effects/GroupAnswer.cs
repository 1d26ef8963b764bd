using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>The answer to one request, whenever it comes.</summary>
public abstract record GroupAnswer
{
    public ErrorCode Error { get; init; }
}
