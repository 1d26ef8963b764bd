using System.Buffers.Binary;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Schedules;

/// <summary>A coordinator's state as simple as it can be: the number of every command, in order. Any that is lost, doubled or moved shows.</summary>
internal sealed class JournalState : IJournalState
{
    /// <summary>The command at each offset.</summary>
    public List<int> Commands { get; } = [];

    public bool WasRestored { get; private set; }

    public static byte[] Encode(IReadOnlyList<int> commands)
    {
        var bytes = new byte[4 * commands.Count];
        for (var i = 0; i < commands.Count; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), commands[i]);
        return bytes;
    }

    public static byte[] EncodeChange(int command, int padding)
    {
        var bytes = new byte[4 + padding];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, command);
        bytes.AsSpan(4).Fill((byte)command);
        return bytes;
    }

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        for (var at = 0; at < snapshot.Length; at += 4) Commands.Add(BinaryPrimitives.ReadInt32LittleEndian(snapshot[at..]));
        WasRestored = true;
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change)
    {
        if (offset.Value != Commands.Count) throw new ViolationException($"A journal gave the change at offset {offset} where {Commands.Count} comes next");
        var command = BinaryPrimitives.ReadInt32LittleEndian(change);
        if (change[4..].ContainsAnyExcept((byte)command)) throw new ViolationException($"The change at offset {offset} has other bytes than were appended");
        Commands.Add(command);
    }
}
