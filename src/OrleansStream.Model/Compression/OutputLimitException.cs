namespace OrleansStream.Model.Compression;

/// <summary>More bytes came out of a codec than its caller allows. Never leaves <see cref="RecordDecompressor"/>: it is how codecs of other people are stopped.</summary>
internal sealed class OutputLimitException() : Exception("The decompressed bytes exceed the limit.");
