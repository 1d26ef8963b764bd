using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Coordination.Groups.Members;

/// <summary>Reads the topics out of a consumer's metadata: the prefix that all versions of ConsumerProtocolSubscription share. The only look that the broker takes inside.</summary>
internal static class ConsumerSubscription
{
    /// <summary>Adds the topics; false if the bytes are no subscription (some may have been added).</summary>
    public static bool TryAddTopics(ReadOnlySpan<byte> metadata, HashSet<string> topics)
    {
        if (metadata.Length < 6 || BinaryPrimitives.ReadInt16BigEndian(metadata) < 0)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadInt32BigEndian(metadata[2..]);
        var rest = metadata[6..];
        if (count < 0 || count > rest.Length / sizeof(short))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (rest.Length < sizeof(short))
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt16BigEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(short))
            {
                return false;
            }

            topics.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(short), length)));
            rest = rest[(sizeof(short) + length)..];
        }

        return true;
    }
}
