using OrleansStream.Coordination.Groups.Members;

namespace OrleansStream.Coordination.Tests.Groups;

public class ConsumerSubscriptionTests
{
    [Fact]
    public void The_topics_of_any_version_are_read()
    {
        var topics = new HashSet<string>();

        Assert.True(ConsumerSubscription.TryAddTopics(TestGroup.Subscription("a", "bc"), topics));
        Assert.Equal(["a", "bc"], topics.Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0001000000")]
    [InlineData("ffff00000000")]
    [InlineData("0001ffffffff")]
    [InlineData("00017fffffff")]
    [InlineData("000100000001")]
    [InlineData("0001000000010005")]
    [InlineData("0001000000010005616263")]
    [InlineData("000100000001ffff")]
    public void What_is_no_subscription_is_refused(string hexadecimal)
    {
        Assert.False(ConsumerSubscription.TryAddTopics(Convert.FromHexString(hexadecimal), []));
    }

    [Fact]
    public void A_subscription_to_nothing_is_one()
    {
        Assert.True(ConsumerSubscription.TryAddTopics(Convert.FromHexString("000000000000"), []));
    }
}
