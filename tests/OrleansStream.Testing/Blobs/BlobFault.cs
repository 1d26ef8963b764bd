namespace OrleansStream.Testing.Blobs;

/// <summary>What becomes of a call to <see cref="SimulatedBlobs"/>.</summary>
public enum BlobFault
{
    None,

    /// <summary>A put did nothing and a read failed; the caller learns only that no answer came.</summary>
    RequestLost,

    /// <summary>A put or deletion was done, and the caller learns only that no answer came. For a read as <see cref="RequestLost"/>.</summary>
    AnswerLost,

    /// <summary>A put is done when <see cref="SimulatedBlobs.DeliverLate"/> says so, by its condition then; the caller learns only that no answer came.</summary>
    Late,

    /// <summary>A put is done and answered, and a copy of it arrives later as with <see cref="Late"/>.</summary>
    Doubled,

    /// <summary>A put is told as a conflict though nothing stands against it: it met another one that did not come to stand.</summary>
    FalseConflict,

    /// <summary>The service is asked too much: a put or deletion did nothing, a read failed, and the caller is told why.</summary>
    Busy,

    /// <summary>A put is done, and something before the service tells that it is too busy. For everything else as <see cref="AnswerLost"/>.</summary>
    FalseBusy,
}
