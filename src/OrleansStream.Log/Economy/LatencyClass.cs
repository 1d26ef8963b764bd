namespace OrleansStream.Log.Economy;

/// <summary>How long a frame may wait for company before its block is written: the topic's config orleansstream.latency.class. In the order of their patience.</summary>
public enum LatencyClass
{
    /// <summary>As little as a store of writes that are paid for one by one allows.</summary>
    Low,

    /// <summary>About as long as such a write itself takes.</summary>
    Balanced,

    /// <summary>So long that a topic's writes cost next to nothing.</summary>
    Economy,
}
