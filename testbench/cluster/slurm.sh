#!/bin/bash
#SBATCH --job-name=smmu-random
#SBATCH --array=1-100
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --output=%x-%A-%a.log
#
# A million random programs as a Slurm array, one shard a task. From the root of the repository, on a file system that the nodes share:
#
#   cargo build --release -p smmu-testbench --bin smmu
#   sbatch --export=ALL,SEEDS=0..1000000,OUT=/shared/results testbench/cluster/slurm.sh
#   OUT=/shared/results SMMU=target/release/smmu testbench/cluster/merge.sh 100     # when the array has ended
#
# Another number of shards: sbatch --array=1-500 ..; a part of them again: sbatch --array=7,31 .. with SHARDS=100.
set -euo pipefail

root=${SLURM_SUBMIT_DIR:-$PWD}
export SMMU=${SMMU:-$root/target/release/smmu}
export JOBS=${JOBS:-${SLURM_CPUS_PER_TASK:-1}}
shards=${SHARDS:-${SLURM_ARRAY_TASK_MAX:?start it with sbatch, as an array from 1}}
exec "$root/testbench/cluster/shard.sh" "${SLURM_ARRAY_TASK_ID:?start it with sbatch, as an array from 1}" "$shards"
