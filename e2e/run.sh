#!/usr/bin/env bash
# Runs every test program of the bed, two at a time: they wait more than they compute; one that measures runs alone. What fails is shown whole; what holds, as one line.
# Arguments choose tests by name. All programs must be built before, with `cargo test -p ringfence-e2e --no-run`.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOGS="${CARGO_TARGET_DIR:-target}/e2e/run" FILTER="$*"
mkdir -p "$LOGS"

program() {
  local name=$1 start=$SECONDS how=(--test "$1")
  [ "$name" = lib ] && how=(--lib --bins)
  # shellcheck disable=SC2086
  if cargo test -q -p ringfence-e2e "${how[@]}" -- --nocapture $FILTER >"$LOGS/$name.log" 2>&1; then
    local passed
    passed=$(grep -oE '[0-9]+ passed' "$LOGS/$name.log" | awk '{ n += $1 } END { print n }')
    printf 'ok      %-16s %3s tests %4s s\n' "$name" "$passed" $((SECONDS - start))
  else
    printf 'FAILED  %-16s %4s s\n' "$name" $((SECONDS - start))
    tail -c 20000 "$LOGS/$name.log"
    return 1
  fi
}
export -f program

# The long ones first, so that nothing long begins last; what measures how late something is runs by itself, in the end.
long=(faults leaders agreements key_service guardrails_watched)
alone=(same_second agency integrations_many)
all=(lib $(find e2e/tests -maxdepth 1 -name '*.rs' -exec basename {} .rs \;) $(find e2e/tests -mindepth 2 -name main.rs -printf '%h\n' | xargs -n 1 basename))
printf '%s\n' "${long[@]}" "${all[@]}" | grep -vxF "${alone[@]/#/-e}" | awk '!seen[$0]++' | xargs -P 2 -I{} bash -c 'program {}'
printf '%s\n' "${alone[@]}" | xargs -P 1 -I{} bash -c 'program {}'
