using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Says what is spoken here. The one API that answers versions that it does not know.</summary>
internal sealed class ApiVersionsHandler : IApiHandler
{
    // Clients with this field (v3 and later) must name themselves so that the name fits a metric label.
    private const int FirstNamedVersion = 3;

    public ApiKey Api => ApiKey.ApiVersions;

    public ValueTask<IResponse> HandleAsync(IRequest? request, RequestContext context)
    {
        IResponse response = request switch
        {
            // Too new for us. The framing answers in version 0, and one row is enough for the client to come again.
            null => new ApiVersionsResponse { ErrorCode = context.Count(ErrorCode.UnsupportedVersion), Apis = [OwnRow()] },
            ApiVersionsRequest named when context.Version >= FirstNamedVersion && !(IsName(named.ClientSoftwareName) && IsName(named.ClientSoftwareVersion)) =>
                new ApiVersionsResponse { ErrorCode = context.Count(ErrorCode.InvalidRequest) },
            _ => new ApiVersionsResponse { Apis = ApiTable.Advertised(), FinalizedFeaturesEpoch = 0 },
        };
        return ValueTask.FromResult(response);
    }

    /// <summary>Letters, digits, '-' and '.', with a letter or digit at both ends.</summary>
    internal static bool IsName(string text)
    {
        if (text.Length == 0 || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (var letter in text)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '.'))
            {
                return false;
            }
        }

        return true;
    }

    private static ApiVersionsResponse.ApiVersion OwnRow()
    {
        var own = ApiTable.Get(ApiKey.ApiVersions);
        return new() { Api = own.Key, MinVersion = own.AdvertisedMin, MaxVersion = own.MaxVersion };
    }
}
