#!/usr/bin/env bash
# compare.sh [--no-build] [SWITCH...]: OrleansStream against Apache Kafka on this machine, with the same client for both; prints a
# table with ratios. KAFKA_HOME says where Apache Kafka lies (../shared/kafka beside the repository if it is there).
#
#   compare.sh                                             all rows, an hour or so; add --out docs/benchmarks.md to keep the table
#   compare.sh --row produce-1k-6 --rounds 1 --mb 200      one row, quickly
#   compare.sh --ours-only --row start                     our side alone
#   compare.sh --list                                      the rows' names
#
# ORLEANSSTREAM_BROKER=kafka puts Apache Kafka on both sides, to try the comparison itself: every ratio should be about 1.
# --no-build takes server and client as they were last built. All other switches: see a wrong one's answer (compare.sh --help).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=1
arguments=()
for argument in "$@"; do
  if [ "$argument" = --no-build ]; then build=''; else arguments+=("$argument"); fi
done
if [ -z "${KAFKA_HOME:-}" ] && [ -x "$root/../shared/kafka/start-broker.sh" ]; then
  KAFKA_HOME=$(cd "$root/../shared/kafka" && pwd)
  export KAFKA_HOME
fi
# Ten thousand partitions want more open files than a login gets.
ulimit -n "$(ulimit -Hn)"

client=$root/tests/OrleansStream.Benchmarks
if [ -n "$build" ]; then
  case "${ORLEANSSTREAM_BROKER:+ --kafka-only }  ${arguments[*]:-} " in
    *' --kafka-only '* | *' --list '* | *' --help '*) ;;
    *) "$root/infra/publish.sh" > /dev/null ;;
  esac
  dotnet build "$client" -c Release -v q -nologo -clp:NoSummary > /dev/null || dotnet build "$client" -c Release -v q -nologo
fi
export ORLEANSSTREAM_SERVER=${ORLEANSSTREAM_SERVER:-$root/artifacts/server/OrleansStream.Server.dll}
exec dotnet "$client/bin/Release/net10.0/OrleansStream.Benchmarks.dll" compare "${arguments[@]}"
