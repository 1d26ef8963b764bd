using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Brokers;

/// <summary>A lane with what drives it: a thread, or a simulation's steps.</summary>
public interface IRunningLane
{
    /// <summary>What appends and waits.</summary>
    Lane Lane { get; }

    /// <summary>Ends the lane if it still lives, without publishing anything more, and gives up what it was driven by and wrote to.</summary>
    /// <param name="isConcluded">Whether <see cref="LaneKeeper"/> has done what the end of a session asks for.</param>
    ValueTask CloseAsync(bool isConcluded);
}
