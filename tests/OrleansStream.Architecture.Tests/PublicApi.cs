using System.Reflection;

namespace OrleansStream.Architecture.Tests;

/// <summary>An assembly's public surface as text, a line for each member, sorted.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var lines = assembly.GetExportedTypes()
            .Where(type => type.Namespace?.StartsWith("OrleansStream", StringComparison.Ordinal) == true && !type.FullName!.Contains("OrleansCodeGen", StringComparison.Ordinal))
            .SelectMany(type => Members(type).Prepend($"{Kind(type)} {Name(type)}"))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        return string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<string> Members(Type type)
    {
        foreach (var member in type.GetMembers(Declared))
        {
            if (member.Name.Contains('<', StringComparison.Ordinal) || member.GetCustomAttributesData().Any(attribute => attribute.AttributeType.Name == "CompilerGeneratedAttribute"))
            {
                continue;
            }

            var line = member switch
            {
                FieldInfo field when Visible(field.Attributes) && !field.IsSpecialName => $"{Name(field.FieldType)} {field.Name}{(type.IsEnum ? $" = {Convert.ToInt64(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture)}" : "")}",
                PropertyInfo property when property.GetAccessors(true).Any(Visible) => $"{Name(property.PropertyType)} {property.Name} {{ {string.Join("; ", property.GetAccessors(true).Where(Visible).Select(accessor => accessor.Name[..3]).Order(StringComparer.Ordinal))} }}",
                EventInfo happening when happening.AddMethod is { } add && Visible(add) => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
                ConstructorInfo constructor when Visible(constructor) => $"new({Parameters(constructor)})",
                MethodInfo method when Visible(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => $"{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
                _ => null,
            };

            if (line is not null)
            {
                yield return $"{Name(type)}: {line}";
            }
        }
    }

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool Visible(FieldAttributes attributes) => (attributes & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Family;

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter => $"{Name(parameter.ParameterType)} {parameter.Name}"));

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        { IsInterface: true } => "interface",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return "ref " + Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        var name = (type.Namespace?.StartsWith("OrleansStream", StringComparison.Ordinal) == true ? type.FullName ?? $"{type.Namespace}.{type.Name}" : type.Name).Split('[')[0].Split('`')[0].Replace('+', '.');
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
