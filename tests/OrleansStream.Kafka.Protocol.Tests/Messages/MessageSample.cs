using System.Collections;
using System.Reflection;
using System.Text;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Tests.Messages;

/// <summary>Fills messages with values of all kinds for one version, and describes them so that two can be compared.</summary>
internal sealed class MessageSample(Random random, short version)
{
    private static readonly NullabilityInfoContext Nullability = new();
    private static readonly string[] Words = ["", "a", "orders", "größe-€", new('x', 130), "😀"];

    /// <summary>A message with random values in all properties that the version carries.</summary>
    public IMessage Create(Type type) => (IMessage)CreateStructure(type);

    /// <summary>All properties and values as text.</summary>
    public static string Describe(object? value)
    {
        var text = new StringBuilder();
        Describe(value, text);
        return text.ToString();
    }

    private static void Describe(object? value, StringBuilder text)
    {
        switch (value)
        {
            case null: text.Append("null"); break;
            case string word: text.Append('"').Append(word).Append('"'); break;
            case ReadOnlyMemory<byte> bytes: text.Append(Convert.ToHexString(bytes.Span)); break;
            case MemoryRecords records: text.Append(Convert.ToHexString(records.Bytes.Span)); break;
            case IList list:
                text.Append('[');
                foreach (var item in list) Describe(item, text);
                text.Append(']');
                break;
            case not null when value.GetType().Namespace == typeof(IMessage).Namespace && value.GetType().IsClass:
                text.Append('{');
                foreach (var property in Fields(value.GetType()))
                {
                    text.Append(property.Name).Append('=');
                    Describe(property.GetValue(value), text);
                    text.Append(' ');
                }

                text.Append('}');
                break;
            default: text.Append(value).Append(';'); break;
        }
    }

    private static IEnumerable<PropertyInfo> Fields(Type type) => type.GetProperties().Where(property => property.SetMethod is not null);

    private object CreateStructure(Type type)
    {
        var result = Activator.CreateInstance(type)!;
        foreach (var property in Fields(type).Where(IsCarried)) property.SetValue(result, Value(property));
        return result;
    }

    private bool IsCarried(PropertyInfo property) =>
        version >= (property.GetCustomAttribute<SinceAttribute>()?.Version ?? 0) &&
        version <= (property.GetCustomAttribute<UntilAttribute>()?.Version ?? short.MaxValue);

    private object? Value(PropertyInfo property)
    {
        var isNullable = Nullability.Create(property).ReadState == NullabilityState.Nullable &&
            version >= (property.GetCustomAttribute<NullableSinceAttribute>()?.Version ?? 0);
        return isNullable && random.Next(4) == 0 ? null : Value(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
    }

    private object Value(Type type)
    {
        if (type == typeof(string)) return Words[random.Next(Words.Length)];
        if (type == typeof(bool)) return random.Next(2) == 0;
        if (type == typeof(double)) return random.NextDouble();
        if (type == typeof(Guid)) return RandomGuid();
        if (type == typeof(TopicId)) return new TopicId(RandomGuid());
        if (type == typeof(ReadOnlyMemory<byte>)) return new ReadOnlyMemory<byte>(RandomBytes());
        if (type == typeof(RecordsPayload)) return new MemoryRecords(RandomBytes());
        if (type.IsEnum) return Enum.ToObject(type, Number(Enum.GetUnderlyingType(type)));
        if (type.IsPrimitive) return Number(type);
        if (!type.IsGenericType) return CreateStructure(type);

        var list = (IList)Activator.CreateInstance(type)!;
        for (var count = random.Next(4); count > 0; count--) list.Add(Value(type.GenericTypeArguments[0]));
        return list;
    }

    // Edges and the middle: a codec that confuses widths or signs shows it at one of them.
    private object Number(Type type)
    {
        var edges = new[] { 0L, 1, -1, sbyte.MaxValue, sbyte.MinValue, short.MaxValue, int.MinValue, int.MaxValue, long.MaxValue, long.MinValue, random.NextInt64() };
        var value = edges[random.Next(edges.Length)];
        return Type.GetTypeCode(type) switch
        {
            TypeCode.SByte => (object)unchecked((sbyte)value),
            TypeCode.Int16 => (object)unchecked((short)value),
            TypeCode.UInt16 => (object)unchecked((ushort)value),
            TypeCode.Int32 => (object)unchecked((int)value),
            TypeCode.UInt32 => (object)unchecked((uint)value),
            _ => value,
        };
    }

    private Guid RandomGuid() => random.Next(4) == 0 ? Guid.Empty : new(RandomBytes(16));

    private byte[] RandomBytes() => RandomBytes(random.Next(3) == 0 ? 0 : random.Next(300));

    private byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
