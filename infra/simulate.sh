#!/usr/bin/env bash
# Runs the simulation over many seeds, in parallel over the cores:
#   infra/simulate.sh [seeds, 100000 unless given] [first seed, 0 unless given] [files or cluster; both unless given]
# files is one broker on a disk that fails, cluster is several brokers on one container. A failing seed is printed with what it found; run it again alone,
# with all that happens in it, with: SIMULATION_TRACE=1 infra/simulate.sh 1 SEED cluster
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${1:-100000}
first=${2:-0}
case ${3:-both} in
  files) kinds=(-class '*.SimulationTests') ;;
  cluster) kinds=(-class '*.ClusterTests') ;;
  both) kinds=(-class '*.SimulationTests' -class '*.ClusterTests') ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
cores=$(nproc)
dotnet build tests/OrleansStream.Simulation -c Release -v q -nologo -clp:NoSummary

share=$(( (seeds + cores - 1) / cores ))
running=()
for (( core = 0; core < cores; core++ )); do
  from=$(( first + core * share ))
  count=$(( first + seeds - from < share ? first + seeds - from : share ))
  (( count > 0 )) || continue
  SIMULATION_FIRST_SEED=$from SIMULATION_SEEDS=$count \
    dotnet run --project tests/OrleansStream.Simulation -c Release --no-build -- "${kinds[@]}" -showLiveOutput &
  running+=($!)
done

failed=0
for process in "${running[@]}"; do wait "$process" || failed=1; done
exit $failed
