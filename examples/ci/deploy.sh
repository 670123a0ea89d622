#!/usr/bin/env bash
# Run the plans that are new since a commit, one after the other, each as a Job in the cluster.
# The Job outlives this script: run it again with the same commit, and it waits for the same Job.
#
#     deploy.sh COMMIT
#
# ZDM_IMAGE is the image with zdm, best pinned by digest.
set -euo pipefail

before="$1"
: "${ZDM_IMAGE:?names the image with zdm}"
interval="${INTERVAL:-30}"

follow() { # namespace, job
  while true; do
    state="$(kubectl --namespace "$1" get "$2" \
      --output 'jsonpath={range .status.conditions[?(@.status=="True")]}{.type}{"\n"}{end}')"
    case "$state" in
      *Complete*) return 0 ;;
      *Failed*)
        kubectl --namespace "$1" logs "$2" --tail 50 >&2 || true
        echo "$2 failed; zdm status says what it left, and docs/operating.md what to do" >&2
        return 1
        ;;
    esac
    sleep "$interval"
  done
}

if ! git cat-file -e "$before^{commit}" 2> /dev/null; then
  echo "commit $before is not in this clone, so the new plans are not known; fetch the whole history" >&2
  exit 2
fi
git diff --name-only --no-renames --diff-filter=A "$before" HEAD -- 'plans/*.yaml' > new-plans.txt
while read -r plan; do
  zdm manifest "$plan" --image "$ZDM_IMAGE" > job.yaml
  applied="$(kubectl apply --filename job.yaml --output 'jsonpath={range .items[?(@.kind=="Job")]}{.metadata.namespace} job/{.metadata.name}{end}')"
  read -r namespace job <<< "$applied"
  echo "$plan runs as $job in $namespace"
  follow "$namespace" "$job"
done < new-plans.txt
