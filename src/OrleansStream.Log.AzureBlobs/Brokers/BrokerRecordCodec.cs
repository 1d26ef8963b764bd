using System.Buffers;
using System.Collections.Immutable;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>Broker records as bytes; docs/formats/blob-container.md has the table.</summary>
internal static class BrokerRecordCodec
{
    private const byte FormatVersion = 1;
    private const byte DrainingFlag = 1;
    private const byte RackFlag = 2;
    private const int MinListenerBytes = 2 + 2 + 4;

    public static void Write(BrokerRecord record, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Byte((byte)((record.IsDraining ? DrainingFlag : 0) | (record.Rack is null ? 0 : RackFlag)));
        writer.Int32(record.Broker.Value);
        writer.Int32(record.Session.Broker.Value);
        writer.Guid(record.Session.Unique);
        writer.Text(record.ClusterId);
        writer.Text(record.SiloAddress);
        writer.Text(record.SiloName);
        writer.Text(record.Version);
        writer.Int32(record.Listeners.Length);
        foreach (var listener in record.Listeners)
        {
            writer.Text(listener.Name);
            writer.Text(listener.Host);
            writer.Int32(listener.Port);
        }

        if (record.Rack is not null) writer.Text(record.Rack);
    }

    /// <exception cref="FormatException">The bytes are no broker record, or one of a newer format.</exception>
    public static BrokerRecord Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Broker record format {version}; this version reads {FormatVersion}.");
        var flags = reader.Byte();
        var broker = new BrokerId(reader.Int32());
        var sessionBroker = new BrokerId(reader.Int32());
        var record = new BrokerRecord
        {
            IsDraining = (flags & DrainingFlag) != 0,
            Broker = broker,
            Session = new SessionId(sessionBroker, reader.Guid()),
            ClusterId = reader.Text(),
            SiloAddress = reader.Text(),
            SiloName = reader.Text(),
            Version = reader.Text(),
            Listeners = ReadListeners(ref reader),
            Rack = (flags & RackFlag) != 0 ? reader.Text() : null,
        };
        return reader.Remaining == 0 ? record : throw new FormatException($"{reader.Remaining} bytes follow the record of broker {record.Broker}.");
    }

    private static ImmutableArray<AdvertisedListener> ReadListeners(ref RecordReader reader)
    {
        var listeners = ImmutableArray.CreateBuilder<AdvertisedListener>();
        for (var left = reader.Count(MinListenerBytes); left > 0; left--)
        {
            var name = reader.Text();
            var host = reader.Text();
            listeners.Add(new AdvertisedListener(name, host, reader.Int32()));
        }

        return listeners.ToImmutable();
    }
}
