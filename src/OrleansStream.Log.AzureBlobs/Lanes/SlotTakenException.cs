namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>A slot of the lane's own session holds what the lane did not write: its session is over, and nothing above the slot was acknowledged.</summary>
/// <param name="name">Of the slot.</param>
/// <param name="isFence">Whether another broker has ended the session, which is how a session ends that was taken for dead.</param>
public sealed class SlotTakenException(string name, bool isFence)
    : LogException(isFence ? $"'{name}' holds a fence: another broker has ended this session." : $"'{name}' holds neither this block nor a fence: the session's name was used twice.")
{
    public bool IsFence { get; } = isFence;
}
