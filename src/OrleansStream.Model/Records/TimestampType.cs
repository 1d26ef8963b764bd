namespace OrleansStream.Model.Records;

/// <summary>Who gave a batch's records their timestamps: bit 3 of its attributes, and a setting of its topic.</summary>
public enum TimestampType
{
    /// <summary>The producer; each record has its own.</summary>
    CreateTime = 0,

    /// <summary>The broker; every record has the batch's max timestamp, whatever the record itself says.</summary>
    LogAppendTime = 1,
}
