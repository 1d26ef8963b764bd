#!/usr/bin/env bash
# publish.sh [DIR]: publishes the server as it is shipped (Release, ReadyToRun, needs the .NET runtime) into DIR,
# artifacts/server unless given: the executable orleansstream beside OrleansStream.Server.dll. Says where it lies and how it is
# started, or what failed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/artifacts/server}
case $(uname -m) in x86_64) architecture=x64 ;; aarch64) architecture=arm64 ;; *) echo "No build for $(uname -m)." >&2; exit 1 ;; esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet publish "$root/src/OrleansStream.Server" -c Release -r "linux-$architecture" --self-contained false \
  -p:PublishReadyToRun=true -o "$out" -v q -nologo -clp:NoSummary > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
out=$(realpath --relative-base="$PWD" "$out")
printf 'The server lies in %s. Start it: %q --data ./data\n' "$out" "$out/orleansstream"
