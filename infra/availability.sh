#!/usr/bin/env bash
# availability.sh [--no-build] [SWITCH...]: how a cluster of three brokers on Azurite stands what happens to it, with a client of
# librdkafka's defaults; prints a small table of each row.
#
#   kill         from SIGKILL of one broker to the first acknowledgement on each partition that it led (20 rounds)
#   freeze       the same from SIGSTOP
#   stop         SIGTERM and a new start: longest gap of each partition, failed deliveries
#   coordinator  SIGKILL of a group's coordinator: until its members commit again, and their rebalances
#   join         a fourth broker: until its part of 1,000 partitions has moved, and produce latency before and meanwhile
#   operations   storage requests at 1 MB/s over 10, 1,000 and 5,000 partitions, and at rest
#   partitions   5,000 partitions: creation, and all brokers started anew
#   throughput   bytes per second through one broker, and of a bare storage client with blocks of that size (3 rounds)
#   latency      produce latency at 1,000 records/s, and of bare writes of that size and rate (3 rounds)
#
#   availability.sh --row kill --rounds 3      one row, quickly; --out FILE keeps the tables as markdown
#
# ORLEANSSTREAM_BROKER=kafka measures three nodes of Apache Kafka (KAFKA_HOME), ORLEANSSTREAM_BROKER=files one broker of ours on files.
# --no-build takes server and client as they were last built.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=1
arguments=()
for argument in "$@"; do
  if [ "$argument" = --no-build ]; then build=''; else arguments+=("$argument"); fi
done
# Thousands of partitions want more open files than a login gets.
ulimit -n "$(ulimit -Hn)"
client=$root/tests/OrleansStream.Benchmarks
if [ -n "$build" ]; then
  if [ "${ORLEANSSTREAM_BROKER:-}" != kafka ] && [ -z "${ORLEANSSTREAM_SERVER:-}" ]; then "$root/infra/publish.sh" > /dev/null; fi
  dotnet build "$client" -c Release -v q -nologo -clp:NoSummary
fi
[ -n "${ORLEANSSTREAM_BROKER:-}" ] || [ -d "$root/tests/azurite/node_modules" ] || (cd "$root/tests/azurite" && npm ci --silent --no-progress)
exec dotnet "$client/bin/Release/net10.0/OrleansStream.Benchmarks.dll" availability ${arguments[@]+"${arguments[@]}"}
