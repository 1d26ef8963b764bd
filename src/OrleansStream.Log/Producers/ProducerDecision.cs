namespace OrleansStream.Log.Producers;

/// <summary>What to do with a batch, as far as its producer goes.</summary>
internal enum ProducerDecision
{
    /// <summary>Append it.</summary>
    Accept = 0,

    /// <summary>It is in the log already: append nothing, answer as the first time.</summary>
    Duplicate = 1,

    /// <summary>Append nothing, answer with the error.</summary>
    Refuse = 2,
}
