using Microsoft.CodeAnalysis;

namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>What a declaration must keep. Each rule is an error: a message that breaks one would be read or written wrongly.</summary>
internal static class DeclarationRules
{
    public static readonly DiagnosticDescriptor NotPartial = Rule("OSK001", "Message is not partial", "'{0}' must be a partial class: its codec is generated into it");
    public static readonly DiagnosticDescriptor BadVersions = Rule("OSK002", "Versions are impossible", "{0}");
    public static readonly DiagnosticDescriptor UnknownType = Rule("OSK003", "Type has no wire format", "{0}");
    public static readonly DiagnosticDescriptor OverlappingTag = Rule("OSK004", "Tag is used twice", "{0}");
    public static readonly DiagnosticDescriptor TagNeedsFlexible = Rule("OSK005", "Tagged field in a fixed version", "{0}");
    public static readonly DiagnosticDescriptor BadNullability = Rule("OSK006", "Nullability is contradictory", "{0}");
    public static readonly DiagnosticDescriptor BadDefault = Rule("OSK007", "Default is not a constant", "{0}");
    public static readonly DiagnosticDescriptor NotPaired = Rule("OSK008", "Request and response do not pair", "{0}");
    public static readonly DiagnosticDescriptor BadAccessor = Rule("OSK009", "Property cannot be read into", "'{0}' needs a public getter and setter: the codec fills it");

    private static readonly DiagnosticDescriptor[] All =
        [NotPartial, BadVersions, UnknownType, OverlappingTag, TagNeedsFlexible, BadNullability, BadDefault, NotPaired, BadAccessor];

    public static DiagnosticDescriptor ById(string id) => All.Single(rule => rule.Id == id);

    private static DiagnosticDescriptor Rule(string id, string title, string format) =>
        new(id, title, format, "OrleansStream.Protocol", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
