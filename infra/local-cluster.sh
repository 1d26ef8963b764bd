#!/usr/bin/env bash
# A cluster on this machine, on loopback: the storage emulator Azurite, and brokers that share it.
#
#   local-cluster.sh start DIR [BROKERS]   starts Azurite and BROKERS brokers (3 unless given) and prints what status prints
#   local-cluster.sh kill N                kill -9 of broker N
#   local-cluster.sh pause N, resume N     freezes broker N (SIGSTOP) and lets it go on
#   local-cluster.sh stop-broker N         asks broker N to end, and waits
#   local-cluster.sh start-broker N        starts broker N again, on the same ports
#   local-cluster.sh add-broker            starts one more broker
#   local-cluster.sh status                says who runs where, and how the storage is named to verify
#   local-cluster.sh stop [DIR]            ends all of it; DIR stays
#
# All but start take --dir DIR; without it they mean the cluster that was started last. Switches of start:
#
#   --persistent      Azurite keeps its data in DIR/azurite; else all of it is gone when Azurite ends
#   --memory MB       how much of it Azurite may keep in memory (half of the machine's unless given)
#   -- SWITCH...      further switches of each broker, for example -- --Kafka:num.partitions=3
#
# DIR holds azurite.pid and broker-N.pid, a log beside each, and ports, which a later start in the same DIR uses again.
# ORLEANSSTREAM_BROKER=files starts one broker on local files for each number, which are no cluster: to try the script itself.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
last=$root/artifacts/local-cluster
server=${ORLEANSSTREAM_SERVER:-$root/artifacts/server/OrleansStream.Server.dll}
# Published with the emulator, the same everywhere: not a secret.
account=devstoreaccount1
key='Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

fail() { printf '%s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,22s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }

verb=${1:-}
[ -n "$verb" ] || usage
shift
dir='' persistent='' memory='' arguments=() switches=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) [ $# -ge 2 ] || usage; dir=$2; shift ;;
    --persistent) persistent=1 ;;
    --memory) [ $# -ge 2 ] || usage; memory=$2; shift ;;
    --) shift; switches=("$@"); break ;;
    -*) usage ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

# A port that nobody listens on, below those of outgoing connections: clients that knock while a broker is away could be given its own.
free_port() {
  local port
  while :; do
    port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
    ! grep -qs "=$port\$" "$dir/ports" || continue
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || { echo "$port"; return; }
  done
}

# name: the port of this name, chosen once for DIR.
port() {
  grep -qs "^$1=" "$dir/ports" || echo "$1=$(free_port)" >> "$dir/ports"
  sed -n "s/^$1=//p" "$dir/ports"
}

# process: whether it has not ended. One that has stays visible until somebody asks for it.
alive() { [ -d "/proc/$1" ] && ! grep -qs '^State:.[ZX]' "/proc/$1/status"; }

# name: the process of a pid file, if it is still that one: its command line names its port.
running() {
  local pid
  [ -s "$dir/$1.pid" ] || return 1
  pid=$(cat "$dir/$1.pid")
  alive "$pid" && { tr '\0' '\n' < "/proc/$pid/cmdline"; } 2> /dev/null | grep -qE "(^|:)$(port "$1")\$" || return 1
  echo "$pid"
}

broker_ids() { [ ! -f "$dir/ports" ] || sed -n 's/^broker-\([0-9]*\)=.*/\1/p' "$dir/ports" | sort -n; }

# process, seconds: waits until it has ended.
ended() {
  local step
  for ((step = 0; step < $2 * 10; step++)); do
    alive "$1" || return 0
    sleep 0.1
  done
  return 1
}

# port: whether the broker whose HTTP port this is serves.
ready() {
  local line
  exec 3<> "/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
  IFS= read -r -t 2 line <&3 || line=''
  exec 3>&-
  [[ $line == *' 200 '* ]]
}

storage() {
  echo "DefaultEndpointsProtocol=http;AccountName=$account;AccountKey=$key;BlobEndpoint=http://127.0.0.1:$(port azurite)/$account;TableEndpoint=http://127.0.0.1:$(port azurite-table)/$account;"
}

start_azurite() {
  local packages=$root/tests/azurite/node_modules node where=(--inMemoryPersistence) pid step
  [ -d "$packages" ] || (cd "$root/tests/azurite" && npm ci --silent --no-progress) || fail "npm ci failed in tests/azurite: the storage emulator needs npm (apt install npm)."
  # A package brings a node along that is new enough; where it has none for this machine, the machine's has to do.
  node=$(find "$packages" -path '*/node-linux-*/bin/node' | head -1)
  [ -z "$memory" ] || where+=(--extentMemoryLimit "$memory")
  [ -z "$persistent" ] || where=(--location "$dir/azurite")
  where+=(--blobPort "$(port azurite)" --tablePort "$(port azurite-table)" --queuePort "$(port azurite-queue)")
  setsid "${node:-node}" --require "$root/tests/azurite/steady.cjs" "$packages/azurite/dist/src/azurite.js" "${where[@]}" --silent --disableTelemetry --skipApiVersionCheck \
    --blobHost 127.0.0.1 --tableHost 127.0.0.1 --queueHost 127.0.0.1 --blobKeepAliveTimeout 120 --tableKeepAliveTimeout 120 \
    >> "$dir/azurite.log" 2>&1 < /dev/null &
  pid=$!
  echo "$pid" > "$dir/azurite.pid"
  for ((step = 0; step < 600; step++)); do
    kill -0 "$pid" 2> /dev/null || { tail -5 "$dir/azurite.log" >&2; fail 'Azurite has ended.'; }
    ! { (exec 3<> "/dev/tcp/127.0.0.1/$(port azurite)") && (exec 3<> "/dev/tcp/127.0.0.1/$(port azurite-table)"); } 2> /dev/null || return 0
    sleep 0.1
  done
  fail "Azurite does not listen; see $dir/azurite.log."
}

# number: starts a broker and does not wait.
launch() {
  # Ports are chosen here and not in the background, where two could be chosen at once.
  local where=(--http "127.0.0.1:$(port "http-$1")" --kafka "127.0.0.1:$(port "broker-$1")")
  if [ "$(cat "$dir/kind")" = files ]; then
    where+=(--data "$dir/data-$1")
  else
    where+=(--storage "$(storage)" --id "$1" --silo "127.0.0.1:$(port "silo-$1")")
  fi
  ! running "broker-$1" > /dev/null || fail "Broker $1 runs already."
  setsid dotnet "$server" "${where[@]}" ${switches[@]+"${switches[@]}"} >> "$dir/broker-$1.log" 2>&1 < /dev/null &
  echo "$!" > "$dir/broker-$1.pid"
}

# number: waits until a broker serves.
await() {
  local step
  for ((step = 0; step < 600; step++)); do
    if ready "$(port "http-$1")" 2> /dev/null; then return; fi
    alive "$(cat "$dir/broker-$1.pid")" || { tail -20 "$dir/broker-$1.log" >&2; fail "Broker $1 has ended."; }
    sleep 0.2
  done
  fail "Broker $1 does not serve; see $dir/broker-$1.log."
}

# What runs where. The storage stands there as a shell takes it: quoted, since it holds semicolons.
tell() {
  local pid state
  if [ "$(cat "$dir/kind")" != files ]; then
    state='does not run'
    if pid=$(running azurite); then state="pid $pid"; fi
    echo "Azurite: $state"
    echo "To read all that the cluster has in it: orleansstream verify --storage '$(storage)'"
  fi
  for broker in $(broker_ids); do
    state='does not run'
    if pid=$(running "broker-$broker"); then
      state="pid $pid"
      ! grep -q '^State:.T' "/proc/$pid/status" || state="$state, frozen"
    fi
    echo "broker $broker: 127.0.0.1:$(port "broker-$broker"), http://127.0.0.1:$(port "http-$broker"), $state"
  done
}

# The broker that the verb is about.
number() {
  [[ ${arguments[0]:-} =~ ^[1-9][0-9]*$ ]] || usage
  grep -qs "^broker-${arguments[0]}=" "$dir/ports" || fail "There is no broker ${arguments[0]} in $dir."
  broker=${arguments[0]}
}

# signal: to the broker that the verb is about.
signal() { kill "-$1" "$(running "broker-$broker" || fail "Broker $broker does not run.")"; }

stop_broker() {
  local pid
  pid=$(running "broker-$1") || return 0
  kill -TERM "$pid"
  # A frozen one hears it when it goes on.
  kill -CONT "$pid"
  ended "$pid" 60 || { echo "Broker $1 did not end within 60 s and is killed." >&2; kill -9 "$pid"; }
}

stop_all() {
  local pid ending=()
  for broker in $(broker_ids); do stop_broker "$broker" & ending+=($!); done
  for one in ${ending[@]+"${ending[@]}"}; do wait "$one"; done
  if pid=$(running azurite); then kill -TERM "$pid"; ended "$pid" 20 || kill -9 "$pid"; fi
}

if [ "$verb" = start ]; then
  dir=${arguments[0]:-$dir}
  [ -n "$dir" ] || usage
  mkdir -p "$dir" "$root/artifacts"
  dir=$(cd "$dir" && pwd)
  count=${arguments[1]:-3}
  [[ $count =~ ^[1-9][0-9]*$ ]] || usage
  for process in azurite $(broker_ids | sed 's/^/broker-/'); do
    ! running "$process" > /dev/null || fail "A cluster runs in $dir already."
  done
  [ -f "$server" ] || { echo 'Building the server first, which takes a minute or two.' >&2; "$root/infra/publish.sh" > /dev/null; }
  echo "$dir" > "$last"
  # A broker that is started later gets what the first ones got.
  printf '%s\n' ${switches[@]+"${switches[@]}"} > "$dir/switches"
  echo "${ORLEANSSTREAM_BROKER:-cluster}" > "$dir/kind"
  # A cluster that does not start leaves nothing running.
  trap 'stop_all' EXIT
  if [ "$(cat "$dir/kind")" != files ]; then
    start_azurite
  fi
  for ((broker = 1; broker <= count; broker++)); do launch "$broker"; done
  for ((broker = 1; broker <= count; broker++)); do await "$broker"; done
  tell
  trap - EXIT
  exit
fi

case $verb in stop) dir=${arguments[0]:-$dir} ;; esac
if [ -z "$dir" ] && [ -f "$last" ]; then dir=$(cat "$last"); fi
[ -n "$dir" ] && [ -f "$dir/ports" ] || fail "No cluster was started${dir:+ in $dir}."
dir=$(cd "$dir" && pwd)
mapfile -t switches < <(grep . "$dir/switches" || true)

case $verb in
  kill) number; signal KILL ;;
  pause) number; signal STOP ;;
  resume) number; signal CONT ;;
  stop-broker) number; running "broker-$broker" > /dev/null || fail "Broker $broker does not run."; stop_broker "$broker" ;;
  start-broker) number; launch "$broker"; await "$broker"; tell ;;
  add-broker) broker=$(($(broker_ids | tail -1) + 1)); launch "$broker"; await "$broker"; tell ;;
  status) tell ;;
  stop) stop_all ;;
  *) usage ;;
esac
