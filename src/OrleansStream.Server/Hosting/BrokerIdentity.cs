using OrleansStream.Model.Ids;

namespace OrleansStream.Server.Hosting;

/// <summary>Which broker of which cluster this is, and where its data lies.</summary>
/// <param name="ClusterId">Stays the same for the life of the data.</param>
/// <param name="Broker">Its number.</param>
/// <param name="Place">A directory or a container, as people and DescribeLogDirs are told. Never holds a secret.</param>
internal sealed record BrokerIdentity(string ClusterId, BrokerId Broker, string Place);
