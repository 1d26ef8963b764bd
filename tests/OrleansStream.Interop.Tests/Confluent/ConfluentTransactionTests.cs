using Confluent.Kafka;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>Transactions, which are not offered yet: whoever wants them has to hear it at once.</summary>
public sealed class ConfluentTransactionTests(BrokerUnderTest broker)
{
    [Fact]
    public void Init_transactions_fails_for_good_within_seconds()
    {
        Assert.SkipWhen(BrokerUnderTest.IsApacheKafka, "Apache Kafka has transactions.");
        using var producer = ConfluentClients.Producer(broker.Bootstrap, config => config.TransactionalId = broker.NewName("transactional"));
        var started = TimeProvider.System.GetTimestamp();

        var refused = Assert.Throws<KafkaException>(() => producer.InitTransactions(TimeSpan.FromSeconds(30)));

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, refused.Error.Code);
        Assert.True(refused.Error.IsFatal || refused is not KafkaRetriableException, "The client would try again.");
    }
}
