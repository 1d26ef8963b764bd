"""Holds what members wrote down against the log: audit.py LINES_OF_THE_LOG MEMBER_LOG...

LINES_OF_THE_LOG holds "partition offset key<TAB>value" for every record; a value begins with the number of its line in the input.
Prints what it found; the exit code is 1 if a promise was broken.
"""
import sys

violations = []


def violation(text):
    violations.append(text)
    if len(violations) <= 20:
        print(f"VIOLATION: {text}")


def lines(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            # A killed member leaves half a line.
            if line.endswith("\n"):
                yield line[:-1]


log, last_of_key, numbers = {}, {}, set()
for line in lines(sys.argv[1]):
    partition, offset, rest = line.split(" ", 2)
    key, value = rest.split("\t", 1)
    number = int(value.split(" ", 1)[0])
    if number in numbers:
        violation(f"line {number} is in the log twice")
    numbers.add(number)
    if last_of_key.get(key, (partition, 0))[1] >= number or last_of_key.get(key, (partition,))[0] != partition:
        violation(f"line {number} of key {key} comes after {last_of_key[key]}")
    last_of_key[key] = (partition, number)
    log[int(partition), int(offset)] = number

read, repeated, commits, starts = set(), 0, [], []
for path in sys.argv[2:]:
    for line in lines(path):
        kind, partition, offset, rest = line.split(" ", 3)
        where = (int(partition), int(offset))
        if kind == "C":
            commits.append((int(rest), *where))
        elif kind == "A":
            starts.append((int(rest), *where))
        else:
            if log.get(where) != int(rest.split(" ", 1)[0]):
                violation(f"{path} read line {rest[:20]} at {where}, the log has {log.get(where)}")
            repeated += where in read
            read.add(where)

for where in log:
    if where not in read:
        violation(f"nobody read {where}")
for given, partition, offset in starts:
    committed = max((done for at, of, done in commits if of == partition and at < given), default=0)
    if offset < committed:
        violation(f"partition {partition} was read again from {offset}, although {committed} had been committed")

print(f"{len(log)} records in the log, {len(last_of_key)} keys; {len(read)} read, {repeated} of them again; "
      f"{len(starts)} times a partition changed hands, {len(commits)} commits; {len(violations)} violations")
sys.exit(1 if violations else 0)
