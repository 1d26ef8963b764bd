namespace OrleansStream.Model.Options.Configs;

/// <summary>The type of a Kafka config; the numbers are those of DescribeConfigs.</summary>
public enum ConfigType : byte
{
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}
