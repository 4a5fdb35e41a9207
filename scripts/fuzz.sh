#!/usr/bin/env bash
# Runs every fuzz target so many times, 10 million by default:   scripts/fuzz.sh [RUNS] [TARGET...]
# Exit 3: there is no cargo-fuzz, or no nightly compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10000000}
shift || true
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=(reader tcf gpp normalizers config)

if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "fuzz: cargo-fuzz or a nightly compiler is missing (cargo install --locked cargo-fuzz)" >&2
    exit 3
fi
node fuzz/seeds.mjs
for target in "${targets[@]}"; do
    log=$(mktemp)
    began=$SECONDS
    # The core has no unsafe code for a sanitizer to look at; without one it runs many times as often.
    if ! cargo +nightly fuzz run --sanitizer none "$target" -- -runs="$runs" -max_len=4096 -dict=fuzz/event.dict -print_final_stats=1 >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        echo "fuzz: $target failed" >&2
        exit 1
    fi
    echo "fuzz: $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions in $((SECONDS - began)) s, no failure"
    rm -f "$log"
done
