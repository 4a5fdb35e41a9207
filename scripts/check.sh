#!/usr/bin/env bash
# What is not a test: formatting, lints, types, documents.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust

cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml
cargo fmt --check --manifest-path benches/native/Cargo.toml
cargo clippy --locked --quiet --all-targets -- -D warnings
cargo clippy --locked --quiet --all-targets --all-features -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps --all-features
npm --prefix js-host run --silent check
node examples/generate.mjs --check
echo "formatting, lints, types and documents are clean"
