using OrleansStream.Log;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation.Schedules;

/// <summary>One thing on a disk at rest is damaged, and a broker started on it.</summary>
internal static class DiskDamage
{
    public const int PageBytes = 4096;

    /// <summary>Does it.</summary>
    public static void Hurt(SimulatedDisk disk, Damage damage, string path, long position)
    {
        if (damage == Damage.MissingFile)
        {
            disk.Delete(path);
            return;
        }

        if (damage == Damage.Bit)
        {
            disk.Flip(path, position, mask: 0x10);
            return;
        }

        var bytes = disk.Contents(path);
        for (var at = position; at < Math.Min(position + PageBytes, bytes.Length); at++)
        {
            if (bytes[at] != 0) disk.Flip(path, at, bytes[at]);
        }
    }

    /// <summary>
    /// Whether it may be that nothing on the disk tells that this file was ever there: it was the one in use, for no later file of its session has a block. An
    /// empty later file tells of it, but none is made while the WAL is at its cap or the disk is full, and of a session that was trimmed the file may have been
    /// deleted. docs/formats/wal-file.md says so.
    /// </summary>
    public static bool LeavesNoWitness(SimulatedDisk disk, string path)
    {
        if (!path.StartsWith("wal/", StringComparison.Ordinal)) return false;
        var session = path[..path.LastIndexOf('-')];
        return disk.AllFiles().Where(file => file.StartsWith(session, StringComparison.Ordinal) && string.CompareOrdinal(file, path) > 0)
            .All(file => disk.Contents(file).AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }

    /// <summary>Starts and reads everything. What is refused must be refused by its name; what is served must be what was acknowledged.</summary>
    /// <exception cref="ViolationException">It is not.</exception>
    public static DamageOutcome Try(Script script, Damage damage, string path, long position)
    {
        try
        {
            script.Start();
            return DamageOutcome.Harmless;
        }
        catch (UnreadableException error)
        {
            if (script.ReadFailures.Count == 0) throw new ViolationException($"{damage} of '{path}' at {position}: {error.Message}, and nobody was told why");
            ThrowUnlessNamed(script.ReadFailures[0], damage, path, position);
            return DamageOutcome.ReadFailed;
        }
        catch (ViolationException violation)
        {
            throw new ViolationException($"{damage} of '{path}' at {position}: {violation.Message}");
        }
        catch (LogException error)
        {
            ThrowUnlessNamed(error, damage, path, position);
            return DamageOutcome.Stopped;
        }
    }

    // A file that is missing may be missed by another one's words; what is there is named with its byte.
    private static void ThrowUnlessNamed(LogException error, Damage damage, string path, long position)
    {
        if (error is not CorruptBlockException corrupt || damage == Damage.MissingFile) return;
        var isNamed = corrupt.Location == path || corrupt.Location == path[(path.LastIndexOf('/') + 1)..].Replace('+', '/');
        if (!isNamed || corrupt.Position > position + PageBytes) throw new ViolationException($"{damage} of '{path}' at {position} is told as: {error.Message}");
    }
}

/// <summary>What is done to a disk.</summary>
public enum Damage
{
    Bit,
    ZeroedPage,
    MissingFile,
}

/// <summary>What came of it.</summary>
internal enum DamageOutcome
{
    /// <summary>The broker does not start, and says why.</summary>
    Stopped,

    /// <summary>Reads fail, and somebody is told why.</summary>
    ReadFailed,

    /// <summary>Everything that was acknowledged is there.</summary>
    Harmless,
}
