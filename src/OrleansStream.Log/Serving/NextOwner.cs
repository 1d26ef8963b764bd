using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Who is about to take a partition that is served here.</summary>
/// <param name="Broker">The broker that placement gives it to: whoever goes there finds it open, or waits there until it is.</param>
/// <param name="Epoch">In which it is served here: the other one's is higher.</param>
public sealed record NextOwner(BrokerId Broker, LeaderEpoch Epoch);
