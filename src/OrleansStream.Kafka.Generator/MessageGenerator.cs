using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OrleansStream.Kafka.Generator.Declarations;
using OrleansStream.Kafka.Generator.Emission;

namespace OrleansStream.Kafka.Generator;

/// <summary>Writes the codec of every declared message, and the table of all APIs. docs/protocol/README.md says how a message is declared.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageGenerator : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var requests = Declared(context, DeclarationReader.RequestAttribute, MessageRole.Request);
        var responses = Declared(context, DeclarationReader.ResponseAttribute, MessageRole.Response);
        var data = Declared(context, DeclarationReader.EmbeddedDataAttribute, MessageRole.EmbeddedData);

        context.RegisterSourceOutput(requests, WriteCodec);
        context.RegisterSourceOutput(responses, WriteCodec);
        context.RegisterSourceOutput(data, WriteCodec);
        context.RegisterSourceOutput(requests.Collect().Combine(responses.Collect()), static (output, all) => WriteTable(output, all.Left, all.Right));
    }

    private static IncrementalValuesProvider<Declaration> Declared(
        IncrementalGeneratorInitializationContext context, string attribute, MessageRole role) =>
        context.SyntaxProvider.ForAttributeWithMetadataName(
            attribute, static (node, _) => node is ClassDeclarationSyntax, (found, _) => DeclarationReader.Read(found, role));

    private static void WriteCodec(SourceProductionContext output, Declaration declaration)
    {
        foreach (var fault in declaration.Faults) output.ReportDiagnostic(fault.ToDiagnostic());
        if (declaration.Message is { } message) output.AddSource($"{message.Root.Name}.g.cs", CodecEmitter.Emit(message));
    }

    private static void WriteTable(SourceProductionContext output, ImmutableArray<Declaration> requests, ImmutableArray<Declaration> responses)
    {
        var pairs = new List<ApiPair>();
        foreach (var request in requests.Select(found => found.Message).OfType<MessageModel>().OrderBy(message => message.ApiNumber))
        {
            var answers = responses.Select(found => found.Message).OfType<MessageModel>().Where(message => message.ApiNumber == request.ApiNumber).ToList();
            if (answers.Count == 1 && pairs.All(pair => pair.Request.ApiNumber != request.ApiNumber))
                pairs.Add(new(request, answers[0]));
            else
                output.ReportDiagnostic(Diagnostic.Create(DeclarationRules.NotPaired, Location.None, $"API {request.ApiNumber} needs exactly one request and one response; '{request.Root.Name}' has {answers.Count} responses"));
        }

        if (pairs.Count > 0) output.AddSource("ApiTable.g.cs", ApiTableEmitter.Emit(pairs));
    }
}
