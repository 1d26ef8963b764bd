namespace OrleansStream.Log.Lanes;

/// <summary>Why a lane ended. Nothing is published after it.</summary>
/// <param name="Reason">What happened, for a person.</param>
/// <param name="Cause">The failure behind it; null for a planned stop.</param>
public sealed record LaneEnd(string Reason, Exception? Cause);
