using System.Globalization;
using System.Text;

namespace OrleansStream.Testing.Proxies;

/// <summary>
/// Finds where HTTP/1.1 requests begin and end in the bytes of a connection; it keeps no body. Requests come one after the other, none before the answer to
/// the last, as every storage client sends them.
/// </summary>
internal sealed class RequestScanner(Action<RequestHead>? onHead = null)
{
    private const int MaxHeadBytes = 64 * 1024;
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();

    private readonly StringBuilder _line = new();
    private Part _part = Part.Head;
    private long _left;

    private enum Part
    {
        Head,
        Body,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailer,
    }

    /// <summary>Whether the next byte is the first of a request.</summary>
    public bool IsBetweenRequests => _part == Part.Head && _line.Length == 0;

    /// <summary>The head of the request that is under way or was the last; null before the first is complete.</summary>
    public RequestHead? Head { get; private set; }

    /// <summary>Whether a client waits for leave to send the body of this request.</summary>
    public bool WaitsForLeave => _part is Part.Body or Part.ChunkSize && Head is { ExpectsContinue: true };

    /// <exception cref="InvalidDataException">These are no requests.</exception>
    public void Advance(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var taken = _part switch
            {
                Part.Head => ReadHead(bytes),
                Part.Body or Part.Chunk => Skip(bytes),
                _ => ReadLine(bytes),
            };
            bytes = bytes[taken..];
        }
    }

    private int ReadHead(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            _line.Append((char)bytes[at]);
            if (bytes[at] != '\n' || !EndsHead()) continue;
            Head = RequestHead.Parse(_line.ToString());
            _line.Clear();
            (_part, _left) = Head switch
            {
                { IsChunked: true } => (Part.ChunkSize, 0),
                { ContentLength: > 0 } => (Part.Body, Head.ContentLength),
                _ => (Part.Head, 0L),
            };
            onHead?.Invoke(Head);
            return at + 1;
        }
        if (_line.Length > MaxHeadBytes) throw new InvalidDataException($"No request has a head of more than {MaxHeadBytes} bytes.");
        return bytes.Length;
    }

    private bool EndsHead()
    {
        if (_line.Length < HeadEnd.Length) return false;
        for (var at = 0; at < HeadEnd.Length; at++)
        {
            if (_line[_line.Length - HeadEnd.Length + at] != HeadEnd[at]) return false;
        }
        return true;
    }

    private int Skip(ReadOnlySpan<byte> bytes)
    {
        var taken = (int)Math.Min(bytes.Length, _left);
        _left -= taken;
        if (_left == 0) _part = _part == Part.Body ? Part.Head : Part.ChunkEnd;
        return taken;
    }

    // The lines of a chunked body: sizes, the empty line after each chunk, and what follows the last one.
    private int ReadLine(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        var taken = end < 0 ? bytes.Length : end + 1;
        _line.Append(Encoding.Latin1.GetString(bytes[..taken]));
        if (end < 0) return taken;

        var line = _line.ToString().TrimEnd();
        _line.Clear();
        switch (_part)
        {
            case Part.ChunkSize:
                _left = long.Parse(line.Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                _part = _left == 0 ? Part.Trailer : Part.Chunk;
                break;
            case Part.ChunkEnd:
                _part = Part.ChunkSize;
                break;
            case Part.Trailer when line.Length == 0:
                _part = Part.Head;
                break;
        }
        return taken;
    }
}
