using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OrleansStream.Kafka.Generator;
using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Tests.Generator;

public class DeclarationRuleTests
{
    private const string Head = """
        using System;
        using System.Collections.Generic;
        using OrleansStream.Kafka.Protocol.Apis;
        using OrleansStream.Kafka.Protocol.Declarations;
        namespace Sample;
        #nullable enable

        """;

    [Fact]
    public void A_declaration_that_keeps_the_rules_gets_a_codec_that_compiles() => Assert.Empty(Check("""
        [Request(ApiKey.Heartbeat, MinVersion = 0, MaxVersion = 3, FlexibleFrom = 2)]
        public sealed partial class Ask
        {
            public bool Flag { get; set; } = true;
            public ushort Small { get; set; }
            public double Fraction { get; set; } = 0.5;
            [Since(1), Until(2)] public string? Text { get; set; } = "x";
            [NullableSince(1)] public List<Part>? Parts { get; set; } = [];
            public Part? Single { get; set; }
            [Since(1)] public Part Required { get; set; } = new();
            [Since(2), Tag(0)] public List<Guid> Ids { get; set; } = [];
            [Since(3), Tag(4)] public Part? Tagged { get; set; }
            public int Computed => 1;

            public sealed partial class Part { public ReadOnlyMemory<byte>? Bytes { get; set; } public ApiKey Api { get; set; } = ApiKey.Fetch; }
        }

        [Response(typeof(Ask))]
        public sealed partial class Answer { public long Number { get; set; } = -1; }
        """, compile: true));

    [Theory]
    [InlineData("OSK001", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed class M { }")]
    [InlineData("OSK001", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public sealed class Part { } }")]
    [InlineData("OSK002", "[EmbeddedData] public sealed partial class M { }")]
    [InlineData("OSK002", "[EmbeddedData(MinVersion = 0)] public sealed partial class M { }")]
    [InlineData("OSK002", "[EmbeddedData(MinVersion = 2, MaxVersion = 1)] public sealed partial class M { }")]
    [InlineData("OSK002", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { [Since(2)] public int A { get; set; } }")]
    [InlineData("OSK002", "[EmbeddedData(MinVersion = 1, MaxVersion = 1)] public sealed partial class M { [Until(0)] public int A { get; set; } }")]
    [InlineData("OSK003", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public DateTime A { get; set; } }")]
    [InlineData("OSK003", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public List<List<int>> A { get; set; } = []; }")]
    [InlineData("OSK003", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public List<string?> A { get; set; } = []; }")]
    [InlineData("OSK004", "[EmbeddedData(MinVersion = 0, MaxVersion = 1, FlexibleFrom = 0)] public sealed partial class M { [Tag(1)] public int A { get; set; } [Tag(1)] public int B { get; set; } }")]
    [InlineData("OSK005", "[EmbeddedData(MinVersion = 0, MaxVersion = 1, FlexibleFrom = 1)] public sealed partial class M { [Tag(1)] public int A { get; set; } }")]
    [InlineData("OSK006", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { [NullableSince(1)] public string A { get; set; } = \"\"; }")]
    [InlineData("OSK006", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { [NullableSince(2)] public string? A { get; set; } }")]
    [InlineData("OSK006", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public int? A { get; set; } }")]
    [InlineData("OSK006", "[EmbeddedData(MinVersion = 0, MaxVersion = 1, FlexibleFrom = 0)] public sealed partial class M { [Tag(1)] public Part A { get; set; } = new(); public sealed partial class Part { } }")]
    [InlineData("OSK007", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public int A { get; set; } = Environment.ProcessId; }")]
    [InlineData("OSK008", "[Response(typeof(string))] public sealed partial class M { }")]
    [InlineData("OSK008", "[Request(ApiKey.Fetch, MinVersion = 0, MaxVersion = 1)] public sealed partial class M { }")]
    [InlineData("OSK009", "[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public int A { get; private set; } }")]
    public void A_declaration_that_breaks_a_rule_is_an_error(string rule, string declaration) => Assert.Equal([rule], Check(declaration).Distinct());

    // Tags may be given again once the version that had them is gone.
    [Fact]
    public void A_tag_may_be_used_again_in_other_versions() => Assert.Empty(Check(
        "[EmbeddedData(MinVersion = 0, MaxVersion = 1, FlexibleFrom = 0)] public sealed partial class M { [Tag(1), Until(0)] public int A { get; set; } [Tag(1), Since(1)] public int B { get; set; } }"));

    // The editor runs the generator at every key; writing all codecs each time would be felt.
    [Fact]
    public void An_edit_elsewhere_does_not_write_codecs_again()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var compilation = Compile("[EmbeddedData(MinVersion = 0, MaxVersion = 1)] public sealed partial class M { public int A { get; set; } }");
        var options = new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true);
        var driver = CSharpGeneratorDriver.Create([new MessageGenerator().AsSourceGenerator()], driverOptions: options).RunGenerators(compilation, cancellationToken);

        var edited = compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere;", cancellationToken: cancellationToken));
        var run = driver.RunGenerators(edited, cancellationToken).GetRunResult();

        var outputs = run.Results.Single().TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs).ToList();
        Assert.NotEmpty(outputs);
        Assert.All(outputs, output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
    }

    private static CSharpCompilation Compile(string declaration)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Append(typeof(ApiKey).Assembly.Location)
            .Select(path => MetadataReference.CreateFromFile(path));
        var source = CSharpSyntaxTree.ParseText(Head + declaration, cancellationToken: TestContext.Current.CancellationToken);
        // The codec calls internal members of the protocol's assembly, so the sample takes the name of a friend.
        return CSharpCompilation.Create("OrleansStream.Kafka.Protocol.Tests", [source], references, new(OutputKind.DynamicallyLinkedLibrary));
    }

    private static List<string> Check(string declaration, bool compile = false)
    {
        CSharpGeneratorDriver.Create(new MessageGenerator())
            .RunGeneratorsAndUpdateCompilation(Compile(declaration), out var generated, out var faults, TestContext.Current.CancellationToken);

        var errors = faults.Where(fault => fault.Severity == DiagnosticSeverity.Error).Select(fault => fault.Id).ToList();
        if (compile) errors.AddRange(generated.GetDiagnostics(TestContext.Current.CancellationToken).Where(IsFaultOfTheCodec).Select(fault => fault.ToString()));
        return errors;
    }

    // The sample has only the generated half of ApiTable, whose other half is in the real assembly.
    private static bool IsFaultOfTheCodec(Diagnostic fault) =>
        fault.Severity == DiagnosticSeverity.Error && fault.Location.SourceTree?.FilePath.EndsWith("ApiTable.g.cs", StringComparison.Ordinal) != true;
}
