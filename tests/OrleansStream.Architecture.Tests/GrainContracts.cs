using System.Reflection;
using Orleans;

namespace OrleansStream.Architecture.Tests;

/// <summary>What brokers of different versions say to each other: grain interfaces with their methods' aliases, and messages with their numbered members.</summary>
internal static class GrainContracts
{
    public static string Of(Assembly assembly)
    {
        var lines = assembly.GetExportedTypes()
            .Where(type => type.Namespace?.StartsWith("OrleansStream", StringComparison.Ordinal) == true)
            .SelectMany(type => type.IsInterface && Alias(type) is not null ? Methods(type) : Message(type))
            .Order(StringComparer.Ordinal);
        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> Methods(Type type) =>
        type.GetMethods().Select(method => $"grain {Alias(type)}: {Alias(method) ?? $"NO ALIAS {method.Name}"}({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))}) {method.ReturnType.Name}");

    private static IEnumerable<string> Message(Type type)
    {
        if (!type.GetCustomAttributes().Any(attribute => attribute is GenerateSerializerAttribute))
        {
            yield break;
        }

        yield return $"message {Alias(type) ?? $"NO ALIAS {type.Name}"}";
        foreach (var member in type.GetMembers())
        {
            if (member.GetCustomAttribute<IdAttribute>() is { } id)
            {
                yield return $"message {Alias(type)}: {id.Id} {member.Name}";
            }
        }
    }

    private static string? Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>()?.Alias;
}
