using OrleansStream.Log.Files.Objects;

namespace OrleansStream.Log.Files.Tests.Objects;

public class ObjectUsesTests
{
    private readonly ObjectUses _uses = new();

    [Fact]
    public void What_is_read_is_not_freed_until_its_last_reader_has_left()
    {
        Assert.True(_uses.TryBeginRead("a"));
        Assert.True(_uses.TryBeginRead("a"));
        Assert.False(_uses.TryBeginDelete("a"));

        _uses.EndRead("a");
        Assert.False(_uses.TryBeginDelete("a"));

        _uses.EndRead("a");
        Assert.True(_uses.TryBeginDelete("a"));
    }

    [Fact]
    public void What_is_being_deleted_takes_no_reader_and_no_second_deletion_until_that_is_over()
    {
        Assert.True(_uses.TryBeginDelete("a"));
        Assert.False(_uses.TryBeginRead("a"));
        Assert.False(_uses.TryBeginDelete("a"));
        Assert.True(_uses.TryBeginRead("b"));

        _uses.EndDelete("a");
        Assert.True(_uses.TryBeginRead("a"));
    }
}
