namespace System.Runtime.CompilerServices;

// netstandard2.0, which the compiler demands of a generator, lacks the type that records need.
internal static class IsExternalInit;
