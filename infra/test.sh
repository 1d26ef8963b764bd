#!/usr/bin/env bash
# test.sh [--fast] [--only NAME]: installs what the tests need if it is absent, builds, and runs every test.
#
#   --fast        unit tests and the simulation only: no clients of others, no processes
#   --only NAME   only test projects whose name holds NAME, for example Log.Files, Interop
#
# KAFKA_HOME says where Apache Kafka lies (../shared/kafka beside the repository if it is there); without it, tests that use its
# tools say that they skip. The last line is "N passed, N failed, N skipped"; exit code 0 only if nothing failed and every test
# project ran at least one test. Full output of each project: artifacts/tests/NAME.log.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
fast='' only=''
while [ $# -gt 0 ]; do
  case $1 in
    --fast) fast=1 ;;
    --only) [ $# -ge 2 ] || { echo '--only lacks its NAME' >&2; exit 2; }; only=$2; shift ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
  esac
  shift
done
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
logs=$root/artifacts/tests
rm -rf "$logs"
mkdir -p "$logs"

# Ends the run for a reason that is no test's: still with the one line that everybody reads.
stop() { printf '%s\n' "$*" >&2; echo '0 passed, 1 failed, 0 skipped'; exit 1; }

stage_name='' stage_start=0
stage() {
  local now; now=$(date +%s)
  [ -z "$stage_name" ] || echo "== $stage_name: $((now - stage_start)) s"
  stage_name=$1 stage_start=$now
}

# name: wanted by --only (or --only is not given).
wanted() { [ -z "$only" ] || [[ $1 == *"$only"* ]]; }

needs_processes=''
[ -n "$fast" ] || ! { wanted OrleansStream.Interop.Tests || wanted OrleansStream.Cluster.Tests; } || needs_processes=1
needs_clients=''
[ -n "$fast" ] || ! wanted OrleansStream.Interop.Tests || needs_clients=1
needs_azurite=''
[ -n "$fast" ] || ! { wanted OrleansStream.Clustering.AzureTables.Tests || wanted OrleansStream.Log.AzureBlobs.Tests || wanted OrleansStream.Cluster.Tests; } || needs_azurite=1

# The packages of a folder with a package-lock.json, at the versions that it names.
install_from_npm() {
  if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed"; then
    (cd "$1" && npm ci --silent --no-progress) > "$logs/npm.log" 2>&1 || { tail -20 "$logs/npm.log" >&2; stop "npm ci failed in $1."; }
    cp "$1/package-lock.json" "$1/node_modules/.installed"
  fi
}

stage 'what tests need'
dotnet --list-sdks 2> /dev/null | grep -q '^10\.' || stop 'The .NET 10 SDK is missing: install it (dotnet-sdk-10.0), then run this again.'
missing=()
if [ -n "$needs_clients" ]; then
  command -v kcat > /dev/null || missing+=(kcat)
  /usr/bin/python3 -c 'import kafka' 2> /dev/null || missing+=(python3-kafka)
  /usr/bin/python3 -c 'import confluent_kafka' 2> /dev/null || missing+=(python3-confluent-kafka)
  # kafka-python finds its codecs in packages of their own.
  for codec in snappy lz4 zstandard; do
    /usr/bin/python3 -c "import $codec" 2> /dev/null || missing+=("python3-$codec")
  done
fi
[ -z "$needs_clients$needs_azurite" ] || command -v npm > /dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get > /dev/null || stop "Missing: ${missing[*]} (names of Debian packages). There is no apt-get here: install them by hand."
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || stop "Missing: ${missing[*]}. Not root, and no sudo: have them installed (apt-get install ${missing[*]})."
    as_root=(sudo)
  fi
  { "${as_root[@]}" apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    > "$logs/packages.log" 2>&1 || { tail -20 "$logs/packages.log" >&2; stop "apt-get could not install ${missing[*]}."; }
fi
[ -z "$needs_azurite" ] || install_from_npm "$root/tests/azurite"
if [ -n "$needs_clients" ]; then
  install_from_npm "$root/tests/OrleansStream.Interop.Tests/node"
  if [ -z "${KAFKA_HOME:-}" ] && [ -x "$root/../shared/kafka/start-broker.sh" ] && command -v java > /dev/null; then
    KAFKA_HOME=$(cd "$root/../shared/kafka" && pwd)
    export KAFKA_HOME
  fi
fi

stage 'build'
projects=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  case $name in *.Tests | *.Simulation) ;; *) continue ;; esac
  [ -z "$fast" ] || case $name in *.Interop.Tests | *.Cluster.Tests | *.AzureTables.Tests | *.AzureBlobs.Tests) continue ;; esac
  if wanted "$name"; then projects+=("$name"); fi
done
with_benchmarks=''
[ -n "$fast" ] || ! wanted OrleansStream.Benchmarks || with_benchmarks=1
[ ${#projects[@]} -gt 0 ] || [ -n "$with_benchmarks" ] || stop "No test project's name holds $only."
if [ -z "$only" ]; then targets=(OrleansStream.sln); else targets=("${projects[@]/#/tests/}"); fi
# The quick start runs the server as a person does, from its sources.
if [ -n "$only" ] && [ -n "$needs_clients" ]; then targets+=(src/OrleansStream.Server); fi
if [ -n "$only" ] && [ -n "$with_benchmarks" ]; then targets+=(tests/OrleansStream.Benchmarks); fi
for target in "${targets[@]}"; do
  dotnet build "$target" -c Release -v q -nologo -clp:NoSummary > "$logs/build.log" 2>&1 ||
    { grep -E 'error|warning' "$logs/build.log" | sort -u | head -40 >&2; stop 'The build failed.'; }
done
if [ -n "$needs_processes" ] && [ -z "${ORLEANSSTREAM_SERVER:-}" ]; then
  infra/publish.sh > /dev/null || stop 'The server could not be published.'
  export ORLEANSSTREAM_SERVER=$root/artifacts/server/OrleansStream.Server.dll
fi

# Each test project is an executable. Its summary is read from the file that it writes, not from its words.
run() {
  local name=$1 start status=0; start=$(date +%s)
  dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noLogo -noColor -result-xml "$logs/$name.xml" > "$logs/$name.log" 2>&1 < /dev/null || status=$?
  echo "$status $(($(date +%s) - start))" > "$logs/$name.status"
}

# The first <assembly> of the report holds the numbers: attribute NAME of project's report, 0 if there is none.
number() { grep -o -m 1 "<assembly [^>]*" "$logs/$1.xml" 2> /dev/null | grep -o " $2=\"[0-9]*\"" | tr -dc 0-9 || true; }

collect() {
  local name=$1 status seconds p f e s
  read -r status seconds < "$logs/$name.status"
  p=$(number "$name" passed) f=$(number "$name" failed) e=$(number "$name" errors) s=$(number "$name" skipped)
  p=${p:-0} f=$((${f:-0} + ${e:-0})) s=${s:-0}
  if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ $((p + s)) = 0 ]; }; then
    f=1
    echo "$name: ended with code $status and $p tests passed; its last lines:" >&2
    tail -20 "$logs/$name.log" >&2
  elif [ "$f" != 0 ]; then
    grep -A 25 '\[FAIL\]\|\[ERROR\]' "$logs/$name.log" | head -200 >&2 || true
  fi
  printf '%-40s %5d passed %4d failed %4d skipped %5d s\n' "$name" "$p" "$f" "$s" "$seconds"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Figures mean nothing here: each benchmark is run once, in one process, so that none rots until somebody needs it.
benchmarks() {
  (cd "$logs" && timeout 300 dotnet "$root/tests/OrleansStream.Benchmarks/bin/Release/net10.0/OrleansStream.Benchmarks.dll" \
    --filter '*' --job Dry --inProcess --artifacts "$logs/benchmarks") > "$logs/benchmarks.log" 2>&1 < /dev/null
}

passed=0 failed=0 skipped=0
if [ -n "$with_benchmarks" ]; then
  stage 'benchmarks, once each'
  if benchmarks; then passed=$((passed + 1)); else failed=$((failed + 1)); tail -20 "$logs/benchmarks.log" >&2; fi
fi

stage 'unit tests'
alone=()
together=()
for name in "${projects[@]}"; do
  # What measures, starts processes or uses both cores by itself runs alone.
  case $name in *.Interop.Tests | *.Cluster.Tests | *.AzureTables.Tests | *.AzureBlobs.Tests | *.Simulation) alone+=("$name") ;; *) together+=("$name") ;; esac
done
running=0
for name in "${together[@]}"; do
  run "$name" &
  running=$((running + 1))
  if [ "$running" -ge "$(nproc)" ]; then wait -n || true; running=$((running - 1)); fi
done
wait
for name in "${together[@]}"; do collect "$name"; done

for name in "${alone[@]}"; do
  case $name in *.AzureTables.Tests | *.AzureBlobs.Tests) stage "Azurite conformance: $name" ;; *) stage "$name" ;; esac
  run "$name"
  collect "$name"
done
stage ''
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
