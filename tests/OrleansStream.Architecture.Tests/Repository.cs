using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace OrleansStream.Architecture.Tests;

/// <summary>The repository as files: what the rules of layout are checked against.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Every C# file of a top folder that a person wrote.</summary>
    public static IReadOnlyList<SourceFile> Sources(string folder) => SourcesByFolder[folder];

    private static readonly Dictionary<string, IReadOnlyList<SourceFile>> SourcesByFolder = new()
    {
        ["src"] = Read("src"),
        ["tests"] = Read("tests"),
    };

    public static IEnumerable<string> Projects(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    private static IReadOnlyList<SourceFile> Read(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/node_modules/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(path, File.ReadAllText(Path.Combine(Root, path))))
            .ToList();

    private static string FindRoot([CallerFilePath] string here = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(here)! })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "OrleansStream.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("OrleansStream.sln was not found above the tests.");
    }
}

/// <summary>One C# file.</summary>
internal sealed class SourceFile(string path, string text)
{
    private SyntaxNode? _root;

    public string Path { get; } = path;

    public string Text { get; } = text;

    public int Lines { get; } = text.Count(character => character == '\n');

    public SyntaxNode Syntax => _root ??= CSharpSyntaxTree.ParseText(Text, path: Path).GetRoot();

    public int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
}
