namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>A value of the property may be dropped silently when it is written to a version without it. Without this, doing so is an error.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class IgnorableAttribute : Attribute;
