using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Dispatch;

/// <summary>
/// Answers to requests that were understood and could not be carried out, of any API: the code stands wherever the answer has room for one, in front of all
/// or with each thing that the request names. Found by the declarations of the messages; slow, as nothing that happens often comes here.
/// </summary>
internal static class FailureAnswers
{
    private static readonly Dictionary<Type, Type> Responses = typeof(IResponse).Assembly.GetTypes()
        .Where(static type => type.GetCustomAttribute<ResponseAttribute>() is not null)
        .ToDictionary(static type => type.GetCustomAttribute<ResponseAttribute>()!.Request);

    // What a request names by a bare value, and the answer by an object.
    private static readonly Dictionary<string, string> BareLists = new(StringComparer.Ordinal)
    {
        ["Topics"] = "TopicNames",
        ["Groups"] = "GroupIds",
        ["Coordinators"] = "Keys",
        ["Partitions"] = "PartitionIndexes",
    };

    // What tells one thing from another. All else that request and answer have in common means something else in each.
    private static readonly HashSet<string> Named =
    [
        "Name", "Topic", "TopicName", "TopicId", "Index", "Partition", "PartitionIndex", "GroupId", "MemberId", "GroupInstanceId", "Key", "ResourceType", "ResourceName",
    ];

    private static readonly string[] BareNames = ["Name", "GroupId", "Key", "Index"];

    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Properties = new();

    /// <summary>The answer; null if this one has no place for a code, and only closing the connection says that something is wrong.</summary>
    public static IResponse? Of(IRequest request, short version, ErrorCode error)
    {
        var response = (IResponse)Activator.CreateInstance(Responses[request.GetType()])!;
        return Fill(response, request, version, error) ? response : null;
    }

    private static bool Fill(object answer, object asked, short version, ErrorCode error)
    {
        var told = false;
        foreach (var property in PropertiesOf(answer.GetType()).Where(property => Exists(property, version)))
        {
            if (property.PropertyType == typeof(ErrorCode))
            {
                property.SetValue(answer, error);
                told = true;
            }
            else if (property.GetValue(answer) is IList list)
            {
                told |= FillList(list, property, asked, version, error);
            }
            else if (property.PropertyType == typeof(RecordsPayload))
            {
                property.SetValue(answer, MemoryRecords.Empty);
            }
            else if (Named.Contains(property.Name) && Find(asked, property.Name) is { } same && same.PropertyType == property.PropertyType && Exists(same, version))
            {
                property.SetValue(answer, same.GetValue(asked));
            }
        }

        return told;
    }

    private static bool FillList(IList list, PropertyInfo property, object asked, short version, ErrorCode error)
    {
        var type = property.PropertyType.GetGenericArguments()[0];
        if (type.IsPrimitive || type == typeof(string) || (ItemsOf(asked, property.Name, version) ?? BareItemsOf(asked, property.Name, version)) is not { } items)
        {
            return false;
        }

        var told = false;
        foreach (var item in items)
        {
            var answer = Activator.CreateInstance(type)!;
            var name = BareNames.Select(candidate => Find(answer, candidate)).FirstOrDefault(candidate => candidate?.PropertyType == item.GetType());
            name?.SetValue(answer, item);
            if (Fill(answer, item, version, error))
            {
                told = true;
                list.Add(answer);
            }
        }

        return told;
    }

    private static IEnumerable? BareItemsOf(object asked, string name, short version) => BareLists.TryGetValue(name, out var bare) ? ItemsOf(asked, bare, version) : null;

    private static IEnumerable? ItemsOf(object asked, string name, short version) =>
        Find(asked, name) is { } property && Exists(property, version) ? property.GetValue(asked) as IList : null;

    private static PropertyInfo? Find(object message, string name) => PropertiesOf(message.GetType()).FirstOrDefault(property => property.Name == name);

    private static PropertyInfo[] PropertiesOf(Type type) =>
        Properties.GetOrAdd(type, static type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(static property => property.CanWrite).ToArray());

    private static bool Exists(PropertyInfo property, short version) =>
        !(property.GetCustomAttribute<SinceAttribute>()?.Version > version) && !(property.GetCustomAttribute<UntilAttribute>()?.Version < version);
}
