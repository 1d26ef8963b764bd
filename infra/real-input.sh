#!/usr/bin/env bash
# real-input.sh [FILE]: sends a real file of text lines, keyed, through kcat with idempotence, while three members of a group read it,
# one of them is killed midway, and the broker is killed (-9) twice. Then: the log holds each line exactly once and in order per key,
# and members repeated only what lay above the last commit. FILE: the machine's Debian package indexes unless given, repeated to
# 100 MB; MEGABYTES=N for another size. Takes two to three minutes; ends by itself after fifteen.
# ORLEANSSTREAM_BROKER=kafka tries the script itself on Apache Kafka in KAFKA_HOME.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${REAL_INPUT_LIMITED:-}" ]; then REAL_INPUT_LIMITED=1 exec timeout --foreground 900 "${BASH_SOURCE[0]}" "$@"; fi
megabytes=${MEGABYTES:-100}
partitions=6
python=/usr/bin/python3
work=$(mktemp -d)
broker='' children=()

# Ends a process of ours and takes the shell's remark about it away.
end() { { kill "$1" "$2" && wait "$2"; } 2> /dev/null || true; }

# Ends only what this script has started, by id. A failed run keeps its files.
finish() {
  local status=$?
  for child in "${children[@]}" $broker; do end -9 "$child"; done
  if [ "$status" = 0 ]; then rm -rf "$work"; else echo "failed ($status); data and logs are in $work" >&2; fi
}
trap finish EXIT
for tool in kcat "$python"; do command -v "$tool" > /dev/null || { echo "$tool is missing" >&2; exit 2; }; done
"$python" -c 'import confluent_kafka' || { echo 'python3-confluent-kafka is missing' >&2; exit 2; }

# Number and key go in front of each line, so that afterwards each can be told from its like.
source_lines() {
  if [ $# -gt 0 ]; then cat "$1"; return; fi
  local index
  for index in /var/lib/apt/lists/*_Packages*; do
    [ -e "$index" ] || continue
    if [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper cat-file "$index"; else cat "$index"; fi
  done
}
source_lines "$@" > "$work/once"
if [ "$(stat -c %s "$work/once")" -lt 1000000 ]; then
  # No package indexes here: words in an order that is the same each time.
  awk 'BEGIN { split("broker record topic offset group commit segment leader epoch batch", w, " "); x = 1
    for (i = 0; i < 200000; i++) { line = ""; for (j = 0; j < 8; j++) { x = (x * 69069 + 1) % 4294967296; line = line w[int(x / 65536) % 10 + 1] " " } print line i } }' > "$work/once"
fi
while [ "$(stat -c %s "$work/many" 2> /dev/null || echo 0)" -lt $((megabytes * 1000000)) ]; do cat "$work/once" >> "$work/many"; done
# The key is the line's first word, as a package's field name would be, and a bit of its number so that there are many.
LC_ALL=C awk '{ gsub(/\t/, " "); k = $1 == "" ? "-" : $1; printf "%s/%d\t%d %s\n", k, NR % 97, NR, $0 }' "$work/many" > "$work/input"
rm -f "$work/once" "$work/many"
total=$(wc -l < "$work/input")
echo "input: $total lines, $(($(stat -c %s "$work/input") / 1000000)) MB"

# Below the ports of outgoing connections: clients that knock while the broker is away could be given its own port.
free_port() {
  "$python" - << 'PYTHON'
import random, socket
while True:
    port = random.randrange(12000, 32000)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PYTHON
}
port=$(free_port) http=$(free_port) server=${ORLEANSSTREAM_SERVER:-$root/artifacts/server/OrleansStream.Server.dll}
start() {
  if [ "${ORLEANSSTREAM_BROKER:-}" = kafka ]; then
    "$KAFKA_HOME/start-broker.sh" --foreground "$work/data" "$port" "num.partitions=$partitions" &
  else
    dotnet "$server" --data "$work/data" --kafka "127.0.0.1:$port" --http "127.0.0.1:$http" "--Kafka:num.partitions=$partitions" >> "$work/broker.log" 2>&1 &
  fi
  broker=$!
  for _ in $(seq 1 600); do
    if kcat -b "127.0.0.1:$port" -L -m 1 > /dev/null 2>&1; then return; fi
    kill -0 "$broker" 2> /dev/null || { echo 'the broker has ended' >&2; tail -20 "$work/broker.log" >&2; exit 1; }
    sleep 0.1
  done
  echo 'the broker does not answer' >&2
  exit 1
}
crash() {
  end -9 "$broker"
  local begin; begin=$(date +%s%N)
  start
  echo "broker killed and back after $((($(date +%s%N) - begin) / 1000000)) ms"
}

if [ "${ORLEANSSTREAM_BROKER:-}" != kafka ] && [ ! -f "$server" ]; then "$root/infra/publish.sh" > /dev/null; fi
start
kcat -b "127.0.0.1:$port" -L -t lines -X topic.metadata.refresh.interval.ms=100 > /dev/null
for member in 1 2 3; do
  "$python" "$root/infra/real-input/member.py" "127.0.0.1:$port" lines readers "$work/member-$member" 2>> "$work/members.log" &
  children+=($!)
done

# In slices with pauses, so that there is a middle to kill something in; -E goes on when the broker is away.
awk 'NR % 20000 == 0 { print; fflush(); system("sleep 0.2"); next } { print }' "$work/input" |
  kcat -b "127.0.0.1:$port" -P -t lines -K '\t' -E -X enable.idempotence=true -X message.timeout.ms=600000 -X reconnect.backoff.max.ms=500 \
    2> "$work/producer.log" &
producer=$!
children+=("$producer")
# Waits until the members have written down about so many percent of the input.
members_at() {
  local have wanted=$(($(stat -c %s "$work/input") / 100 * $1))
  for _ in $(seq 1 1200); do
    have=$({ cat "$work"/member-? 2> /dev/null || true; } | wc -c)
    [ "$have" -lt "$wanted" ] || return 0
    sleep 0.1
  done
  echo "the members did not read $1 % in two minutes" >&2
  exit 1
}
members_at 15; crash
members_at 35; end -9 "${children[0]}"; echo 'one of the three members killed'
members_at 55; crash
wait "$producer" || { cat "$work/producer.log" >&2; echo 'kcat could not send everything' >&2; exit 1; }

# The members are done when the group has committed the end of every partition.
lag() {
  "$python" - "127.0.0.1:$port" "$partitions" << 'PYTHON'
import sys
from confluent_kafka import Consumer, TopicPartition
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "readers", "enable.auto.commit": False})
partitions = [TopicPartition("lines", number) for number in range(int(sys.argv[2]))]
print(sum(consumer.get_watermark_offsets(one, timeout=10)[1] - max(one.offset, 0) for one in consumer.committed(partitions, timeout=10)))
PYTHON
}
for _ in $(seq 1 240); do
  behind=$(lag 2> /dev/null || echo unknown)
  [ "$behind" != 0 ] || break
  sleep 1
done
[ "$behind" = 0 ] || { echo "the members are still $behind records behind" >&2; exit 1; }
for child in "${children[1]}" "${children[2]}"; do end -TERM "$child"; done
kcat -b "127.0.0.1:$port" -C -t lines -o beginning -e -q -f '%p %o %k\t%s\n' > "$work/log"

# The lines of the log, by their numbers, are the input: every byte of them.
cut -d ' ' -f 3- "$work/log" | LC_ALL=C sort -t "$(printf '\t')" -k 2n | cmp - "$work/input" || { echo 'the log does not hold the input' >&2; exit 1; }
"$python" "$root/infra/real-input/audit.py" "$work/log" "$work"/member-?
echo 'each line is there once and in order, and nothing was repeated below a commit'
