#!/usr/bin/env bash
# Every test: the core natively, the core as WebAssembly under Node, the host, and the fixture table in each runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }

say "core, native"
cargo test --locked --quiet 2>&1

say "core, WebAssembly under Node"
if tools=$(scripts/setup-wasm.sh); then
    eval "$tools"
    # cargo's own runner setting: `wasm-pack test` would build the very same and look for a browser driver first.
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
        cargo test --locked --target wasm32-unknown-unknown --features wasm --test wasm 2>&1
elif [[ $? == 3 ]]; then
    echo "skipped: the WebAssembly target is not to be had here; the committed pkg/ is still tested below"
else
    exit 1
fi

say "host"
npm --prefix js-host test --silent

say "runtimes: Node and workerd"
if ! cmp -s tests/runtimes/package-lock.json tests/runtimes/node_modules/.locked; then
    npm --prefix tests/runtimes ci --no-audit --no-fund --loglevel=error
    cp tests/runtimes/package-lock.json tests/runtimes/node_modules/.locked
fi
npm --prefix tests/runtimes test --silent
