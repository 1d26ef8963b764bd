namespace OrleansStream.Grains.Groups;

/// <summary>The object stood for a group of which nothing was left, and was given up between being found and being called. Find it again.</summary>
internal sealed class GroupRetiredException() : Exception("The group was given up meanwhile.");
