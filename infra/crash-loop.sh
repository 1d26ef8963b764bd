#!/usr/bin/env bash
# crash-loop.sh [KILLS [SEED]]: kills the broker (-9) KILLS times (50 unless given) under load, at moments that SEED chooses (the
# clock unless given, and printed), and audits the whole log at the end: nothing acknowledged lost, moved, duplicated or reordered,
# no committed offset gone back. Exit code 0 only without a violation; after one, the data directory is kept and named.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ORLEANSSTREAM_CRASH_KILLS=${1:-50}
export ORLEANSSTREAM_CRASH_SEED=${2:-$(($(date +%s) % 1000000))}
echo "crash loop: $ORLEANSSTREAM_CRASH_KILLS kills, seed $ORLEANSSTREAM_CRASH_SEED"
if [ "${ORLEANSSTREAM_BROKER:-}" != kafka ] && [ -z "${ORLEANSSTREAM_SERVER:-}" ]; then "$root/infra/publish.sh" > /dev/null; fi
project=OrleansStream.Cluster.Tests
dotnet build "$root/tests/$project" -c Release -v q -nologo -clp:NoSummary
exec dotnet "$root/tests/$project/bin/Release/net10.0/$project.dll" -noLogo -noColor -showLiveOutput -method '*kill_9*'
