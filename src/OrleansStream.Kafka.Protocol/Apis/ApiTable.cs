using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Protocol.Apis;

/// <summary>Which APIs exist here, in which versions. Built from the attributes of the messages when this project is compiled; nothing else in the code names a range.</summary>
public static partial class ApiTable
{
    private static readonly ApiDescription[] Rows = CreateRows();
    private static readonly ApiDescription?[] ByKey = Index();

    /// <summary>Every API, by ascending key.</summary>
    public static IReadOnlyList<ApiDescription> All => Rows;

    /// <summary>The row of a key as it came from the wire; null if the broker lacks that API.</summary>
    public static ApiDescription? Find(short key) => (uint)key < (uint)ByKey.Length ? ByKey[key] : null;

    /// <summary>The row of a key that is known to exist.</summary>
    public static ApiDescription Get(ApiKey key) =>
        Find((short)key) ?? throw new ArgumentOutOfRangeException(nameof(key), key, "This API is not implemented.");

    /// <summary>What ApiVersions lists: every row with its advertised range. A new list, as the answer that holds it may be changed.</summary>
    public static List<ApiVersionsResponse.ApiVersion> Advertised() =>
        [.. Rows.Select(row => new ApiVersionsResponse.ApiVersion { Api = row.Key, MinVersion = row.AdvertisedMin, MaxVersion = row.MaxVersion })];

    // A generated method, not a generated field: the order in which fields of several files are set is not defined.
    private static partial ApiDescription[] CreateRows();

    private static ApiDescription?[] Index()
    {
        var index = new ApiDescription?[(int)Rows[^1].Key + 1];
        foreach (var row in Rows) index[(int)row.Key] = row;
        return index;
    }
}
