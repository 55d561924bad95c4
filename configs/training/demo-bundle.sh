#!/usr/bin/env bash
# Makes the included demo bundle anew, as it was made: usage: demo-bundle.sh DATA OUT
# DATA holds severstal/ and neu_seg/ (configs/data describes them); everything goes to OUT, the bundle to OUT/demo.
# Two trainings of one thread each run side by side. A run that was stopped goes on where it was.
set -euo pipefail
INSPECTOR_DATA=$(realpath "$1") out=$(realpath -m "$2")
export INSPECTOR_DATA OMP_NUM_THREADS=1
# The allocator keeps what it has: trainings take and free the same large blocks at every step.
export GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456
cd "$(dirname "$0")/../.."
recipes=configs/training real=configs/data/severstal.yaml folds="0 1 2 3 4"
mkdir -p "$out/folds"

split() { [ -f "$2" ] || inspector data split "$@"; }
train() { # name of the folder, recipe, then options
  local folder="$out/$1" recipe="$recipes/$2.yaml" resume=
  shift 2
  [ -f "$folder/weights.safetensors" ] && return
  [ -f "$folder/last.ckpt" ] && resume=--resume
  echo "training $folder"
  inspector train "$recipe" --out "$folder" --no-progress $resume "$@" >> "$out/training.log" 2>&1
}
[ -f "$out/simulated/frames.csv" ] ||
  inspector simulate "$out/simulated" --frames 3000 --seed 20 --class-mix 1,1,1,1 --look-alike-rate 0.7
[ -d "$out/simulated-unseen/images" ] ||
  inspector simulate "$out/simulated-unseen" --frames 60 --seed 21 --class-mix 1,1,1,1 --look-alike-rate 0.7
split configs/data/neu_seg.yaml "$out/neu.csv" --parts training=0.9,validation=0.1
split "$out/simulated" "$out/simulated.csv" --parts training=0.96,validation=0.04
split "$real" "$out/folds.csv" --folds 5

# 1. What hot-rolled steel looks like, then this simulator's defects and look-alikes: no real frame of the task is seen yet.
train neu demo-neu --data configs/data/neu_seg.yaml --split "$out/neu.csv"
train start demo-segmenter-start --data "$out/simulated" --split "$out/simulated.csv" --set encoder_weights=null --set "weights=$out/neu/weights.safetensors"

# 2. Real frames, mixed with simulated ones, once without each fold; the gate starts with what the segmenter's encoder has learnt.
fold() {
  local where=(--data "$real" --extra "$out/simulated" --split "$out/folds.csv" --fold "$1")
  train "segmenter-$1" demo-segmenter "${where[@]}" --set encoder_weights=null --set "weights=$out/start/weights.safetensors"
  train "gate-$1" demo-gate "${where[@]}" --set "encoder_weights=$out/segmenter-$1/weights.safetensors"
}
for fold in $folds; do
  [ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n
  fold "$fold" &
done
while [ -n "$(jobs -rp)" ]; do wait -n; done

# 3. A bundle of each fold's networks, to answer for the fold they have not seen; the bundle of their averages.
build() {
  inspector bundle build "$@" --data "$real" --split "$out/folds.csv" --golden-data "$out/simulated-unseen" \
    --method conformal --miss-rate 0.05 --areas 1,200,400,800,1200,1600
}
for fold in $folds; do
  [ -d "$out/folds/fold-$fold" ] || build "$out"/{gate,segmenter}-"$fold"/weights.safetensors --part "fold-$fold" --out "$out/folds/fold-$fold"
done
for kind in gate segmenter; do
  python -m engines.training.average "$out/$kind"-{0,1,2,3,4}/weights.safetensors --out "$out/$kind.pt"
done
rm -rf "$out/demo"
build "$out/gate.pt" "$out/segmenter.pt" --folds "$out/folds" --out "$out/demo" --name demo --version 2 --notes "$recipes/demo-notes.md"
inspector bundle verify "$out/demo"
