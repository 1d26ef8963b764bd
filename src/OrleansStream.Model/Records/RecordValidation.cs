namespace OrleansStream.Model.Records;

/// <summary>Which batches a broker decompresses to look at each record. Batches that are not compressed are always walked.</summary>
public enum RecordValidation
{
    /// <summary>Only where the topic asks something of each record: it is compacted, or bounds how old a timestamp may be, or the header claims a timestamp beyond the bound on new ones.</summary>
    WhereTheTopicAsks = 0,

    /// <summary>All of them, as Apache Kafka does. Costs a decompression of every batch.</summary>
    Full = 1,
}
