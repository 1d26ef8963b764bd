namespace OrleansStream.Model.Records;

/// <summary>How closely a broker looks at what producers send. docs/adr/0008-record-validation.md has the price.</summary>
public sealed class ValidationOptions
{
    public const string Section = "OrleansStream:Validation";

    /// <summary>Which compressed batches are decompressed to look at each record. <see cref="RecordValidation.WhereTheTopicAsks"/> unless set.</summary>
    public RecordValidation Records { get; set; }
}
