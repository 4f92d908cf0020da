#!/bin/sh
# Shows:   a pipeline step that creates a run, waits for its end, prints the answer, and fails if the run failed.
#          ci-job.sh [MANIFEST]; default: ci-job.yaml. Aborting the step cancels the run.
# Needs:   kubectl, and the right to create, get, watch and patch ClaudeRuns in the namespace.
# Reaches: exit code 0 if the run is Succeeded, else 1
set -eu
run=$(kubectl create -o name -f "${1:-$(dirname "$0")/ci-job.yaml}")
cancel='{"spec":{"cancel":true,"cancelReason":"the pipeline was aborted"}}'
trap 'kubectl patch "$run" --type=merge -p "$cancel"; exit 1' INT TERM
# Longer than queueDeadlineSeconds, startDeadlineSeconds and activeDeadlineSeconds together, so the run ends first.
kubectl wait --for=condition=Finished "$run" --timeout=45m
kubectl get "$run"
kubectl get "$run" -o jsonpath='{.status.result.text}{"\n"}{.status.failure.message}{"\n"}'
test "$(kubectl get "$run" -o jsonpath='{.status.phase}')" = Succeeded
