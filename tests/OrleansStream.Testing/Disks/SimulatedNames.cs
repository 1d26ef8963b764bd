namespace OrleansStream.Testing.Disks;

/// <summary>Which names stand for which files, as the running system sees it and as the platter has it; the difference is a list of changes per directory.</summary>
internal sealed class SimulatedNames
{
    private enum Kind
    {
        MakeDirectory,
        Create,
        Rename,
        Delete,
    }

    private sealed record Change(Kind Kind, string Path, string? Target, SimulatedInode? Inode);

    private readonly SortedDictionary<string, SimulatedInode> _durable = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _durableDirectories = new(StringComparer.Ordinal) { "" };
    private List<Change> _pending = [];

    public SortedDictionary<string, SimulatedInode> Files { get; } = new(StringComparer.Ordinal);

    public SortedSet<string> Directories { get; } = new(StringComparer.Ordinal) { "" };

    public static string DirectoryOf(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? "" : path[..slash];
    }

    public void MakeDirectory(string path)
    {
        Directories.Add(path);
        _pending.Add(new Change(Kind.MakeDirectory, path, null, null));
    }

    public void Create(string path, SimulatedInode inode)
    {
        Files[path] = inode;
        _pending.Add(new Change(Kind.Create, path, null, inode));
    }

    public void Rename(string from, string to)
    {
        var inode = Files[from];
        Files.Remove(from);
        Files[to] = inode;
        _pending.Add(new Change(Kind.Rename, from, to, inode));
    }

    public void Delete(string path)
    {
        Files.Remove(path);
        _pending.Add(new Change(Kind.Delete, path, null, null));
    }

    public void Sync(string directory)
    {
        var rest = new List<Change>();
        foreach (var change in _pending)
        {
            if (DirectoryOf(change.Path) == directory || (change.Target is { } target && DirectoryOf(target) == directory))
            {
                Apply(change);

                // A rename into another directory takes the old name along, even where that name was never synced.
                if (change.Kind == Kind.Rename) rest.RemoveAll(earlier => earlier.Inode == change.Inode && earlier.Path == change.Path);
            }
            else
            {
                rest.Add(change);
            }
        }

        _pending = rest;
    }

    /// <summary>The same names over copies of the files, with what is pending still pending.</summary>
    public SimulatedNames Copy()
    {
        var copies = new Dictionary<SimulatedInode, SimulatedInode>(ReferenceEqualityComparer.Instance);
        SimulatedInode CopyOf(SimulatedInode inode) => copies.TryGetValue(inode, out var copy) ? copy : copies[inode] = inode.Copy();

        var names = new SimulatedNames();
        foreach (var (path, inode) in Files) names.Files[path] = CopyOf(inode);
        foreach (var (path, inode) in _durable) names._durable[path] = CopyOf(inode);
        names.Directories.UnionWith(Directories);
        names._durableDirectories.UnionWith(_durableDirectories);
        names._pending.AddRange(_pending.Select(change => change with { Inode = change.Inode is null ? null : CopyOf(change.Inode) }));
        return names;
    }

    /// <summary>The names after a power cut: those synced, and of the others a prefix or any subset.</summary>
    /// <param name="chance">Decides; null keeps every change.</param>
    /// <param name="settle">What becomes of a file's bytes.</param>
    public SimulatedNames AfterPowerCut(Random? chance, Func<SimulatedInode, SimulatedInode> settle)
    {
        var names = Copy();
        var isPrefix = chance?.Next(2) == 0;
        var keep = isPrefix ? chance!.Next(names._pending.Count + 1) : names._pending.Count;
        var odds = chance is null || isPrefix ? 1.0 : chance.NextDouble();
        foreach (var change in names._pending.Take(keep))
        {
            if (odds >= 1.0 || chance!.NextDouble() < odds) names.Apply(change);
        }

        names._pending.Clear();
        names.Directories.Clear();
        names.Directories.UnionWith(names._durableDirectories.Where(directory => names.HasAncestors(directory)));
        names._durableDirectories.IntersectWith(names.Directories);
        names.Files.Clear();
        var settled = new Dictionary<SimulatedInode, SimulatedInode>(ReferenceEqualityComparer.Instance);
        foreach (var (path, inode) in names._durable.Where(entry => names.Directories.Contains(DirectoryOf(entry.Key))))
        {
            names.Files[path] = settled.TryGetValue(inode, out var left) ? left : settled[inode] = settle(inode);
        }

        names._durable.Clear();
        foreach (var (path, inode) in names.Files) names._durable[path] = inode;
        return names;
    }

    private bool HasAncestors(string directory)
    {
        for (var parent = directory; parent.Length > 0;)
        {
            parent = DirectoryOf(parent);
            if (!_durableDirectories.Contains(parent)) return false;
        }

        return true;
    }

    private void Apply(Change change)
    {
        switch (change.Kind)
        {
            case Kind.MakeDirectory:
                _durableDirectories.Add(change.Path);
                break;
            case Kind.Create:
                _durable[change.Path] = change.Inode!;
                break;
            case Kind.Rename:
                _durable.Remove(change.Path);
                _durable[change.Target!] = change.Inode!;
                break;
            default:
                _durable.Remove(change.Path);
                break;
        }
    }
}
