namespace OrleansStream.Model.Records;

/// <summary>What <see cref="RecordBatchPatch.SetTimestamp"/> must change in a batch before it is stored.</summary>
public enum HeaderChange
{
    /// <summary>Nothing: the bytes stay as the client sent them.</summary>
    None = 0,

    /// <summary>The topic has LogAppendTime: the type is set, the max timestamp is the time of the append.</summary>
    AppendTime = 1,

    /// <summary>The client's max timestamp is not that of its records, or it claimed LogAppendTime on a topic that has CreateTime.</summary>
    CreateTime = 2,
}
