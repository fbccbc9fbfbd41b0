#!/bin/sh
# Joins the results of all shards: coverage.json and junit.xml in the folder that `shard.sh` wrote to, and a summary.
#
#   merge.sh N        of N shards; OUT and SMMU as for shard.sh
#
# Status: 0 all shards are there and clean, 1 one is not, 2 used wrongly.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: merge.sh N" >&2
    exit 2
fi
of=$1
smmu=${SMMU:-smmu}
out=${OUT:-results}
missing=0
failed=0
set --
number=1
while [ "$number" -le "$of" ]; do
    if [ -s "$out/report-$number.json" ]; then
        set -- "$@" "$number"
        grep -q '"ok": true' "$out/report-$number.json" || failed=$((failed + 1))
    else
        echo "shard $number has no report" >&2
        missing=$((missing + 1))
    fi
    number=$((number + 1))
done
if [ $# -eq 0 ]; then
    echo "no shard has a report in $out" >&2
    exit 1
fi

# JUnit: the suites of all files in one document; `smmu random` puts each tag on a line of its own.
{
    echo '<?xml version="1.0" encoding="UTF-8"?>'
    echo '<testsuites>'
    for number in "$@"; do
        grep -v -e '^<?xml' -e '^<testsuites>$' -e '^</testsuites>$' "$out/junit-$number.xml"
    done
    echo '</testsuites>'
} > "$out/junit.xml"

# Coverage, some files at a time: a command line has an end.
merged="$out/coverage.json"
rm -f "$merged"
for number in "$@"; do
    if [ -s "$merged" ]; then
        "$smmu" coverage merge "$merged" "$out/coverage-$number.json" --out "$merged.part"
    else
        cp "$out/coverage-$number.json" "$merged.part"
    fi
    mv "$merged.part" "$merged"
done
echo "$# of $of shards, $failed with failures; $merged, $out/junit.xml"
[ "$missing" -eq 0 ] && [ "$failed" -eq 0 ]
