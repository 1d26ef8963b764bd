namespace OrleansStream.Log.Storage;

/// <summary>Which version of an object was read; a compare-and-set with it succeeds only while that version stands.</summary>
public readonly record struct ETag(string Value);
