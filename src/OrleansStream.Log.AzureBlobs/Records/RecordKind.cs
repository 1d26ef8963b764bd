namespace OrleansStream.Log.AzureBlobs.Records;

/// <summary>What a record blob holds. The numbers stand in stored records and are never reused.</summary>
internal enum RecordKind : ushort
{
    Manifest = 1,
    Session = 2,
    Summary = 3,
    Broker = 4,
    Cluster = 5,
    Digest = 6,
}
