#!/usr/bin/env bash
# Runs the simulation over many seeds, in parallel over the cores: infra/simulate.sh [seeds, 100000 unless given] [first seed, 0 unless given].
# A failing seed is printed with what it found; run it again alone with: infra/simulate.sh 1 SEED
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${1:-100000}
first=${2:-0}
cores=$(nproc)
dotnet build tests/OrleansStream.Simulation -c Release -v q -nologo -clp:NoSummary

share=$(( (seeds + cores - 1) / cores ))
running=()
for (( core = 0; core < cores; core++ )); do
  from=$(( first + core * share ))
  count=$(( first + seeds - from < share ? first + seeds - from : share ))
  (( count > 0 )) || continue
  SIMULATION_FIRST_SEED=$from SIMULATION_SEEDS=$count \
    dotnet run --project tests/OrleansStream.Simulation -c Release --no-build -- -class '*SimulationTests*' -showLiveOutput &
  running+=($!)
done

failed=0
for process in "${running[@]}"; do wait "$process" || failed=1; done
exit $failed
