using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>What became of the records of the one producer that reports. Written by the thread that polls it.</summary>
internal static unsafe class DeliveryReports
{
    private static long _acknowledged;
    private static long _failed;

    public static long Acknowledged => Volatile.Read(ref _acknowledged);

    public static long Failed => Volatile.Read(ref _failed);

    public static void Reset() => _acknowledged = _failed = 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    public static void Count(nint client, Librdkafka.Message* message, nint opaque)
    {
        if (message->Error == 0) _acknowledged++;
        else _failed++;
    }
}
