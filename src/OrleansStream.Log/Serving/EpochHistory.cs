using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Answers from the list of epochs that a manifest keeps, in the order of epochs and of start offsets.</summary>
internal static class EpochHistory
{
    /// <summary>The largest known epoch that is not above the asked one, and where it ends: where the next one starts, or at the log's end.</summary>
    public static EpochEnd EndOf(ImmutableArray<EpochStart> epochs, LeaderEpoch asked, Offset logEnd)
    {
        // Newer than any: the asker knows more than this broker, which must not guess.
        if (epochs.IsEmpty || asked > epochs[^1].Epoch || asked < epochs[0].Epoch) return new EpochEnd(LeaderEpoch.None, Offset.None);

        int low = 0, high = epochs.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (epochs[middle].Epoch <= asked) low = middle + 1;
            else high = middle;
        }

        return new EpochEnd(epochs[low - 1].Epoch, low == epochs.Length ? logEnd : epochs[low].StartOffset);
    }

    /// <summary>The epoch in which the offset was appended. Epochs without a record start where the next one does: the last of them has the offset.</summary>
    public static LeaderEpoch At(ImmutableArray<EpochStart> epochs, Offset offset)
    {
        int low = 0, high = epochs.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (epochs[middle].StartOffset <= offset) low = middle + 1;
            else high = middle;
        }

        return low == 0 ? LeaderEpoch.None : epochs[low - 1].Epoch;
    }
}
