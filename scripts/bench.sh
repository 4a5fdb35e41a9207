#!/usr/bin/env bash
# What the package costs beside its peers: `make bench`, or `make bench ARGS="--only node --rounds 21"`. benches/bench.mjs has
# the options. Installs what is missing; nothing here judges a figure.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust

scripts/build.sh
npm_packages benches
# Large, and nobody else's: only where it is asked for.
if [[ " $* " == *" --all "* || " $* " == *segment* ]]; then npm_packages benches/segment --ignore-scripts; fi
exec node --expose-gc benches/bench.mjs "$@"
