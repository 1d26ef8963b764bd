using System.Text;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>Collects lines of C# with their indentation.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string text = "")
    {
        if (text.Length > 0) _text.Append(' ', _depth * 4).Append(text);
        _text.Append('\n');
    }

    /// <summary>Writes a head and opens a block for what follows.</summary>
    public void Open(string head)
    {
        Line(head);
        Line("{");
        _depth++;
    }

    public void Close(string end = "}")
    {
        _depth--;
        Line(end);
    }

    public override string ToString() => _text.ToString();
}
