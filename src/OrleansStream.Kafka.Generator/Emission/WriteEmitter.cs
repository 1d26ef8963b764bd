using OrleansStream.Kafka.Generator.Declarations;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>Writes <c>Write</c> of one structure.</summary>
internal sealed class WriteEmitter(VersionSpan versions, StructureModel structure, string path, CodeWriter code)
{
    public void Emit()
    {
        code.Line("/// <summary>Appends this to the frame that is being written.</summary>");
        code.Line("/// <exception cref=\"UnwritableMessageException\">A property is set, or null, that the version cannot carry so. The writer's frame is then worthless.</exception>");
        code.Open("public void Write(ProtocolWriter writer, short version)");
        if (versions.HasFlexible) code.Line($"bool flexible = version >= {versions.FlexibleFrom};");
        foreach (var field in structure.Fields)
        {
            if (field.Tag is null) WriteIfPresent(field);
            else RefuseIfAbsent(field, versions.Absence(field.MinVersion, field.MaxVersion), "if");
        }

        if (versions.HasFlexible) WriteTags();
        code.Close();
    }

    private void WriteIfPresent(FieldModel field)
    {
        var condition = versions.Condition(field.MinVersion, field.MaxVersion);
        if (condition is not null) code.Open($"if ({condition})");
        WriteValue(field);
        if (condition is null) return;
        code.Close();
        RefuseIfAbsent(field, "", "else if");
    }

    private void RefuseIfAbsent(FieldModel field, string? absence, string keyword)
    {
        if (absence is null || field.Ignorable) return;
        var test = absence.Length == 0 ? Defaults.IsSet(field) : $"({absence}) && {Defaults.IsSet(field)}";
        code.Line($"{keyword} ({test}) throw UnwritableMessageException.NotInVersion(\"{path}\", \"{field.Name}\", version);");
    }

    private void WriteTags()
    {
        var tagged = structure.Fields.Where(field => field.Tag is not null).OrderBy(field => field.Tag).ToList();
        code.Open("if (flexible)");
        if (tagged.Count == 0)
        {
            code.Line("writer.WriteTagCount(0);");
            code.Close();
            return;
        }

        foreach (var field in tagged) code.Line($"bool has{field.Name} = {Condition(field)};");
        code.Line($"writer.WriteTagCount({string.Join(" + ", tagged.Select(field => $"(has{field.Name} ? 1 : 0)"))});");
        foreach (var field in tagged)
        {
            code.Open($"if (has{field.Name})");
            code.Line($"int start = writer.BeginTag({field.Tag});");
            WriteValue(field);
            code.Line("writer.EndTag(start);");
            code.Close();
        }

        code.Close();
    }

    private string Condition(FieldModel field)
    {
        var condition = versions.Condition(field.MinVersion, field.MaxVersion);
        return condition is null ? Defaults.IsSet(field) : $"{condition} && {Defaults.IsSet(field)}";
    }

    private void WriteValue(FieldModel field)
    {
        if (field.NullableFrom > field.MinVersion)
            code.Line($"if (version < {field.NullableFrom} && {field.Name} is null) throw UnwritableMessageException.NullInVersion(\"{path}\", \"{field.Name}\", version);");
        if (field.Type.Kind == FieldKind.List)
            WriteList(field);
        else if (field.Type.Kind == FieldKind.Structure && field.NullableFrom is not null)
            WriteNullableStructure(field);
        else if (field.NullableFrom is not null)
            code.Line($"writer.WriteNullable{field.Type.Kind}({field.Name}, {Flexible});");
        else
            code.Line(Statement(field.Type, field.Name));
    }

    private void WriteNullableStructure(FieldModel field)
    {
        if (!field.IsTaggedStructure) code.Line($"writer.WriteIsPresent({field.Name} is not null);");
        code.Line($"{field.Name}?.Write(writer, version);");
    }

    private void WriteList(FieldModel field)
    {
        if (field.NullableFrom is not null)
        {
            code.Line($"writer.WriteCount({field.Name}?.Count ?? -1, {Flexible});");
            code.Line($"if ({field.Name} is not null) foreach (var item in {field.Name}) {Statement(field.Type.Element!, "item")}");
            return;
        }

        code.Line($"writer.WriteCount({field.Name}.Count, {Flexible});");
        code.Line($"foreach (var item in {field.Name}) {Statement(field.Type.Element!, "item")}");
    }

    private string Flexible => versions.HasFlexible ? "flexible" : "false";

    private string Statement(FieldType type, string value)
    {
        if (type.Kind == FieldKind.Structure) return $"{value}.Write(writer, version);";
        if (type.IsEnum) value = $"({type.Name}){value}";
        else if (type.Wrapper is not null) value += ".Value";
        return $"writer.Write{type.Kind}({value}{(type.Kind.HasLength() ? $", {Flexible}" : "")});";
    }
}
