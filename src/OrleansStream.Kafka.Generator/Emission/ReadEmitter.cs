using OrleansStream.Kafka.Generator.Declarations;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>Writes <c>Read</c> of one structure.</summary>
internal sealed class ReadEmitter(VersionSpan versions, StructureModel structure, CodeWriter code)
{
    public void Emit()
    {
        code.Line("/// <summary>Reads one from where the reader stands. Memory properties are slices of the reader's frame.</summary>");
        code.Open($"public static {structure.Name} Read(ref ProtocolReader reader, short version)");
        code.Line($"var result = new {structure.Name}();");
        if (versions.HasFlexible) code.Line($"bool flexible = version >= {versions.FlexibleFrom};");
        foreach (var field in structure.Fields.Where(field => field.Tag is null)) ReadIfPresent(field);
        if (versions.HasFlexible) ReadTags();
        code.Line("return result;");
        code.Close();
    }

    private void ReadIfPresent(FieldModel field)
    {
        var condition = versions.Condition(field.MinVersion, field.MaxVersion);
        if (condition is not null) code.Open($"if ({condition})");
        ReadValue(field);
        if (condition is not null) code.Close();
    }

    private void ReadTags()
    {
        code.Open("if (flexible)");
        code.Open("for (int tags = reader.ReadTagCount(); tags > 0; tags--)");
        code.Line("int tag = reader.BeginTag(out int end);");
        code.Open("switch (tag)");
        foreach (var field in structure.Fields.Where(field => field.Tag is not null).OrderBy(field => field.Tag))
        {
            var condition = versions.Condition(field.MinVersion, field.MaxVersion);
            code.Open($"case {field.Tag}{(condition is null ? "" : $" when {condition}")}:");
            ReadValue(field);
            code.Line("break;");
            code.Close();
        }

        code.Line("default: reader.SkipTo(end); break;");
        code.Close();
        code.Line("reader.EndTag(end);");
        code.Close();
        code.Close();
    }

    private void ReadValue(FieldModel field)
    {
        if (field.Type.Kind == FieldKind.List) ReadList(field);
        else if (field.NullableFrom is null || field.IsTaggedStructure) code.Line($"result.{field.Name} = {Expression(field.Type, "Read")};");
        else if (field.Type.Kind == FieldKind.Structure) code.Line($"result.{field.Name} = reader.ReadIsPresent() ? {Expression(field.Type, "Read")} : null;");
        else code.Line($"result.{field.Name} = {WhenNullable(field, Expression(field.Type, "ReadNullable"), Expression(field.Type, "Read"))};");
    }

    private void ReadList(FieldModel field)
    {
        var element = field.Type.Element!;
        var isObject = element.Kind is FieldKind.Structure or FieldKind.String or FieldKind.Bytes;
        var arguments = $"({Flexible}, {Sizes.OfElement(element, versions)}, {(isObject ? "true" : "false")})";
        var count = field.NullableFrom is null
            ? $"reader.ReadCount{arguments}"
            : WhenNullable(field, $"reader.ReadNullableCount{arguments}", $"reader.ReadCount{arguments}");
        code.Open("");
        code.Line($"int count = {count};");
        if (field.NullableFrom is not null) code.Open($"if (count < 0) result.{field.Name} = null; else");
        // A new object has an empty list already. Not so for tags: a hostile frame may repeat one, and then the last one counts, as in Kafka.
        if (field is { NullableFrom: null, Tag: null, Default: FieldModel.EmptyDefault })
        {
            code.Line($"var list = result.{field.Name};");
            code.Line("list.Capacity = count;");
        }
        else
        {
            code.Line($"var list = result.{field.Name} = new global::System.Collections.Generic.List<{field.Type.Name}>(count);");
        }

        code.Line($"for (int i = 0; i < count; i++) list.Add({Expression(element, "Read")});");
        if (field.NullableFrom is not null) code.Close();
        code.Close();
    }

    private static string WhenNullable(FieldModel field, string nullable, string required) =>
        field.NullableFrom <= field.MinVersion ? nullable : $"version >= {field.NullableFrom} ? {nullable} : {required}";

    private string Flexible => versions.HasFlexible ? "flexible" : "false";

    private string Expression(FieldType type, string verb)
    {
        if (type.Kind == FieldKind.Structure) return $"{type.Name}.Read(ref reader, version)";
        var value = $"reader.{verb}{type.Kind}({(type.Kind.HasLength() ? Flexible : "")})";
        if (type.Wrapper is null) return value;
        return type.IsEnum ? $"({type.Wrapper}){value}" : $"new {type.Wrapper}({value})";
    }
}
