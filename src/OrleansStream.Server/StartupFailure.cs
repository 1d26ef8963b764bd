using System.ComponentModel.DataAnnotations;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using OrleansStream.Log;

namespace OrleansStream.Server;

/// <summary>Turns what can go wrong at a start into one sentence.</summary>
internal static class StartupFailure
{
    /// <summary>Null for a failure that is no one's mistake but ours.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartupException or LogException => exception.Message,
        OptionsValidationException options => string.Join(" ", options.Failures),
        ValidationException validation => validation.Message,
        FileNotFoundException or InvalidDataException or FormatException => exception.Message,
        AddressInUseException => $"{exception.Message.TrimEnd('.')}: another process has this port.",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => "A listener's port may not be bound by this user: ports below 1024 need the right to.",
        IOException { InnerException: AddressInUseException } => $"{exception.Message.TrimEnd('.')}.",
        _ => null,
    };
}
