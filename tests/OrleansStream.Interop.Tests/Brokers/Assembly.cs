using OrleansStream.Interop.Tests.Brokers;

// One broker for the whole run: starting one is the dearest thing that a test could do.
[assembly: AssemblyFixture(typeof(BrokerUnderTest))]
