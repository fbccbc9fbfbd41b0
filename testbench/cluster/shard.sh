#!/bin/sh
# One shard of a run of random programs, whatever scheduler starts it.
#
#   shard.sh I N      part I of N, I from 1 to N
#
# From the environment:
#   SMMU      the smmu program                       (default: smmu, from PATH)
#   SEEDS     the seeds of the whole run, A..B       (default: 0..1000000)
#   PRESET    the preset                             (default: mini)
#   ENGINE    the engine                             (default: rusthdl)
#   OUT       the folder for results, shared by all  (default: results)
#   JOBS      threads                                (default: as many as there are cores)
#
# Leaves in OUT: coverage-I.json, junit-I.xml, report-I.json; in OUT/regressions the programs that failed, and in OUT/waves their waves.
# A shard that ran before is not run again, so that a scheduler may start it twice. Status: 0 clean, 1 a seed failed, 2 used wrongly.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: shard.sh I N" >&2
    exit 2
fi
number=$1
of=$2
smmu=${SMMU:-smmu}
out=${OUT:-results}
mkdir -p "$out/regressions" "$out/waves"
report="$out/report-$number.json"
if [ -s "$report" ]; then
    echo "shard $number of $of is done: $report" >&2
    grep -q '"ok": true' "$report"
    exit
fi
status=0
"$smmu" random --preset "${PRESET:-mini}" --engine "${ENGINE:-rusthdl}" --seeds "${SEEDS:-0..1000000}" --shard "$number/$of" \
    ${JOBS:+--jobs "$JOBS"} --coverage "$out/coverage-$number.json" --junit "$out/junit-$number.xml" \
    --keep "$out/regressions" --waves "$out/waves" --json > "$report.part" || status=$?
# Only a shard that came to its end leaves a report.
if [ "$status" -le 1 ]; then
    mv "$report.part" "$report"
else
    rm -f "$report.part"
fi
exit "$status"
