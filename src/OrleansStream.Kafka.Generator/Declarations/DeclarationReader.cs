using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>Turns an attributed class into a model and checks it.</summary>
internal static class DeclarationReader
{
    public const string RequestAttribute = "OrleansStream.Kafka.Protocol.Declarations.RequestAttribute";
    public const string ResponseAttribute = "OrleansStream.Kafka.Protocol.Declarations.ResponseAttribute";
    public const string EmbeddedDataAttribute = "OrleansStream.Kafka.Protocol.Declarations.EmbeddedDataAttribute";

    public static Declaration Read(GeneratorAttributeSyntaxContext context, MessageRole role)
    {
        var faults = new List<DiagnosticModel>();
        var message = (INamedTypeSymbol)context.TargetSymbol;
        var model = Read(context, message, role, faults);
        return new(faults.Count == 0 ? model : null, new(faults));
    }

    private static MessageModel? Read(
        GeneratorAttributeSyntaxContext context, INamedTypeSymbol message, MessageRole role, List<DiagnosticModel> faults)
    {
        var source = role == MessageRole.Response ? RequestOf(context.Attributes[0]) : context.Attributes[0];
        if (source is null)
        {
            faults.Add(DiagnosticModel.At(DeclarationRules.NotPaired, message.Locations[0], $"'{message.Name}' answers a type that is not declared as a request"));
            return null;
        }

        var versions = Versions(source);
        if (versions.Min < 0 || versions.Max < versions.Min || versions.AdvertisedMin > versions.Min)
        {
            faults.Add(DiagnosticModel.At(DeclarationRules.BadVersions, message.Locations[0], $"'{message.Name}' is declared for versions {versions.Min} to {versions.Max}, advertised from {versions.AdvertisedMin}"));
            return null;
        }

        var reader = new PropertyReader(message, versions, context.SemanticModel.Compilation, faults);
        var nested = message.GetTypeMembers().Where(type => type.TypeKind == TypeKind.Class).Select(type => Structure(type, reader, faults)).ToList();
        var (name, number) = role == MessageRole.EmbeddedData ? ("", -1) : ApiKey(source.ConstructorArguments[0]);
        var root = Structure(message, reader, faults);
        return new(message.ContainingNamespace.ToDisplayString(), role, versions, root, new(nested)) { ApiName = name, ApiNumber = number };
    }

    private static StructureModel Structure(INamedTypeSymbol type, PropertyReader reader, List<DiagnosticModel> faults)
    {
        var syntax = (TypeDeclarationSyntax)type.DeclaringSyntaxReferences[0].GetSyntax();
        if (!syntax.Modifiers.Any(SyntaxKind.PartialKeyword)) faults.Add(DiagnosticModel.At(DeclarationRules.NotPartial, type.Locations[0], type.Name));

        var fields = new List<FieldModel>();
        foreach (var property in type.GetMembers().OfType<IPropertySymbol>().Where(IsField))
        {
            if (reader.Read(property) is not { } field) continue;
            if (field.Tag is { } tag && fields.FirstOrDefault(other => other.Tag == tag && Overlap(other, field)) is { } rival)
                faults.Add(DiagnosticModel.At(DeclarationRules.OverlappingTag, property.Locations[0], $"'{field.Name}' and '{rival.Name}' share tag {tag} in some version"));
            fields.Add(field);
        }

        return new(type.Name, new(fields));
    }

    // Computed properties are for the users of a message, and not on the wire.
    private static bool IsField(IPropertySymbol property) =>
        !property.IsStatic && property.DeclaredAccessibility == Accessibility.Public && !IsComputed(property);

    private static bool IsComputed(IPropertySymbol property) =>
        property.SetMethod is null && property.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is PropertyDeclarationSyntax { ExpressionBody: not null };

    private static bool Overlap(FieldModel left, FieldModel right) => left.MinVersion <= right.MaxVersion && right.MinVersion <= left.MaxVersion;

    private static AttributeData? RequestOf(AttributeData response) =>
        (response.ConstructorArguments.FirstOrDefault().Value as INamedTypeSymbol)?.GetAttributes()
            .FirstOrDefault(attribute => attribute.AttributeClass?.ToDisplayString() == RequestAttribute);

    private static VersionSpan Versions(AttributeData attribute)
    {
        int? Get(string name) => attribute.NamedArguments.FirstOrDefault(argument => argument.Key == name).Value.Value is short value ? value : null;

        // Ranges are said, never guessed: a forgotten one is -1 and fails the check.
        var min = Get("MinVersion") ?? -1;
        return new(min, Get("MaxVersion") ?? -1, Get("AdvertisedMin") ?? min, Get("FlexibleFrom") ?? VersionSpan.Never);
    }

    private static (string Name, int Number) ApiKey(TypedConstant constant)
    {
        var number = (constant.Value as IConvertible)?.ToInt32(null) ?? -1;
        var member = constant.Type?.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(field => field.ConstantValue is IConvertible value && value.ToInt32(null) == number);
        return (member?.Name ?? "", number);
    }
}
