using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Bytes of encoded answers that are not yet with the kernel, without record batches. How large an answer is shows only when it is made; so whatever may be
/// large takes a share before it is begun, and waits while the bound is reached, and answers that are made are charged in full, beyond the bound if need be.
/// </summary>
internal sealed class AnswerBudget(long capacity) : ByteBudget(capacity)
{
    /// <summary>What an answer takes before it is begun, and what no answer is charged for that took nothing.</summary>
    public const int Share = 64 * Limits.KiB;

    /// <summary>What the answer to this API takes first: none where it is about as large as its request, or comes when others let it.</summary>
    public static long ShareOf(ApiKey api) => api switch
    {
        ApiKey.Metadata or ApiKey.DescribeConfigs or ApiKey.DescribeTopicPartitions or ApiKey.DescribeGroups or ApiKey.ListGroups or ApiKey.OffsetFetch or
        ApiKey.DescribeLogDirs or ApiKey.CreateTopics => Share,
        _ => 0,
    };

    /// <summary>Charges an answer that was made. Never waits: it is there already.</summary>
    /// <param name="taken">What was taken for it before.</param>
    /// <param name="answer">The answer.</param>
    /// <returns>What is to be given back for it.</returns>
    public long Charge(long taken, ProtocolWriter answer)
    {
        // Records have a budget of their own.
        long bytes = 0;
        foreach (var piece in answer.Pieces)
        {
            bytes += piece.Bytes.Length;
        }

        var charge = ChargeFor(bytes);
        if (charge <= Math.Max(taken, Share))
        {
            return taken;
        }

        lock (Guard)
        {
            Take(charge - taken);
        }

        return charge;
    }
}
