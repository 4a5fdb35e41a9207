#!/usr/bin/env bash
# The lines that the tests run, by file and in all: of the core 95 % at least, of the host 90 %.
#
# The core by cargo-tarpaulin: it reads what the compiler's own instrumentation counts without LLVM's tools, which are not
# everywhere to be had in the compiler's version. src/wasm.rs is tested in WebAssembly, and not counted. The host by V8's counters.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust
require_node

if command -v cargo-tarpaulin >/dev/null; then
    printf '\n== core\n'
    cargo tarpaulin --locked --engine llvm --out Stdout --skip-clean --timeout 600 --fail-under 95 --target-dir target/coverage \
        --exclude-files 'tests/*' --exclude-files 'fuzz/*' --exclude-files 'target/*' --exclude-files 'benches/*' 2>&1 |
        sed -nE 's/^\|\| (src\/.*)/\1/p; /coverage, /p; /(ERROR|FAILED|panicked)/p'
else
    echo "NOT MEASURED: the core, for there is no cargo-tarpaulin here (\`cargo install cargo-tarpaulin --locked\`)"
fi

printf '\n== host\n'
counted=$(mktemp -d)
trap 'rm -rf "$counted"' EXIT
NODE_V8_COVERAGE=$counted npm --prefix js-host run --silent test >"$counted/log" 2>&1 || { tail -n 40 "$counted/log" >&2; exit 1; }
node scripts/host-coverage.mjs "$counted" 90
