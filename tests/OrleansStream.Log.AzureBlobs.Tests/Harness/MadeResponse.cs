using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>An answer that no service gave.</summary>
internal sealed class MadeResponse(int status, string? errorCode) : Response
{
    private const string ErrorCode = "x-ms-error-code";

    public override int Status => status;

    // The transport says so of what it received, which this was not.
    public override bool IsError => true;

    public override string ReasonPhrase => "made by a test";

    public override Stream? ContentStream { get; set; } = Stream.Null;

    public override string ClientRequestId { get; set; } = "";

    public override void Dispose()
    {
    }

    protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => errorCode is null ? [] : [new HttpHeader(ErrorCode, errorCode)];

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
    {
        value = string.Equals(name, ErrorCode, StringComparison.OrdinalIgnoreCase) ? errorCode : null;
        return value is not null;
    }

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = TryGetHeader(name, out var value) ? [value] : null;
        return values is not null;
    }
}
