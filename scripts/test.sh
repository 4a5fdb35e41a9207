#!/usr/bin/env bash
# Every test: the core natively, the core as WebAssembly under Node, the host, the packed package in each runtime and at the
# edge, and the playground in a browser.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust
say() { printf '\n== %s\n' "$*"; }

say "core, native"
cargo test --locked --quiet

say "core, WebAssembly under Node"
if tools=$(scripts/setup-wasm.sh); then
    eval "$tools"
    # By cargo and not `wasm-pack test`: that builds the crate twice, and looks for browsers' drivers.
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
        cargo test --locked --target wasm32-unknown-unknown --features wasm --test wasm
elif [[ $? == 3 ]]; then
    echo "NOT RUN: there is no WebAssembly target for this Rust here. The committed pkg/ is tested below all the same."
else
    exit 1
fi

say "host"
npm --prefix js-host run --silent test

say "the packed package in each runtime"
if ! npm_packages tests/runtimes; then
    # Where the registry answers, it is our lock file that is wrong.
    ! npm view esbuild version >/dev/null 2>&1 || exit 1
    echo "NOT INSTALLED: the runtimes and tools of tests/runtimes. The tests that need them are skipped below, by name."
fi
npm --prefix tests/runtimes run --silent test

say "the packed package at the edge"
if npm_packages tests/edge; then
    npm --prefix tests/edge run --silent test
else
    ! npm view esbuild version >/dev/null 2>&1 || exit 1
    echo "NOT INSTALLED, NOT TESTED: Cloudflare's runtime and tools of tests/edge."
fi

say "the playground in a browser"
if npm_packages tests/browser; then
    # Without a browser they are skipped by name.
    npm --prefix tests/browser run --silent test
else
    ! npm view playwright-core version >/dev/null 2>&1 || exit 1
    echo "NOT INSTALLED, NOT TESTED: the tools of tests/browser."
fi

say "the benchmarks' peers"
if npm_packages benches; then
    scripts/bench.sh --check
else
    ! npm view esbuild version >/dev/null 2>&1 || exit 1
    echo "NOT INSTALLED, NOT TESTED: what the benchmarks need."
fi
