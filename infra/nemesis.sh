#!/usr/bin/env bash
# nemesis.sh [MINUTES [SEED]]: three brokers on Azurite under load, and for MINUTES (30 unless given) faults that SEED chooses (the
# clock unless given, and printed): SIGKILL, SIGSTOP of 1 to 60 s, SIGTERM, rolling restarts, and delays, holes, resets, slow links and
# errors between brokers and storage and from broker to broker. At the end the whole history is held against what was promised. The
# report goes to docs/reliability, whatever it says. Exit code 0 only without a violation; after one, the logs are kept and named.
#
# MINUTES 0 is one fault of each kind, as in the test command. ORLEANSSTREAM_NEMESIS_KINDS=Kill,StorageHold keeps to some kinds.
# ORLEANSSTREAM_BROKER=files tries one broker on files instead, ORLEANSSTREAM_BROKER=kafka three nodes of Apache Kafka (KAFKA_HOME);
# their reports go to artifacts.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
minutes=${1:-30}
export ORLEANSSTREAM_NEMESIS_SEED=${2:-$(($(date +%s) % 1000000))}
[ "$minutes" = 0 ] || export ORLEANSSTREAM_NEMESIS_MINUTES=$minutes
folder=$root/docs/reliability
[ -z "${ORLEANSSTREAM_BROKER:-}" ] || folder=$root/artifacts/reliability
mkdir -p "$folder"
export ORLEANSSTREAM_NEMESIS_REPORT=$folder/nemesis-$ORLEANSSTREAM_NEMESIS_SEED.md
echo "nemesis: $minutes minutes, seed $ORLEANSSTREAM_NEMESIS_SEED, report in $ORLEANSSTREAM_NEMESIS_REPORT"
if [ "${ORLEANSSTREAM_BROKER:-}" != kafka ] && [ -z "${ORLEANSSTREAM_SERVER:-}" ]; then "$root/infra/publish.sh" > /dev/null; fi
[ -n "${ORLEANSSTREAM_BROKER:-}" ] || [ -d "$root/tests/azurite/node_modules" ] || (cd "$root/tests/azurite" && npm ci --silent --no-progress)
project=OrleansStream.Cluster.Tests
dotnet build "$root/tests/$project" -c Release -v q -nologo -clp:NoSummary
exec dotnet "$root/tests/$project/bin/Release/net10.0/$project.dll" -noLogo -noColor -showLiveOutput -method '*fault_of_each_kind*'
