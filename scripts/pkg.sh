#!/usr/bin/env bash
# Makes pkg/ from the sources, whole or not at all:   scripts/pkg.sh
# Proves that the committed pkg/ is what the sources make:   scripts/pkg.sh --check
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust
require_node

std=lib/rustlib/wasm32-unknown-unknown
say() { printf 'pkg: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
sha256() { sha256sum | cut -d ' ' -f 1; }

# Everything that decides what the module is, but for the tools, which are recorded by version.
source_hash() {
    find Cargo.toml Cargo.lock rust-toolchain.toml src scripts/pkg.sh -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256
}

# rustup's std and one built from source differ by a few bytes, so a module can be compared only with its like.
std_hash() { find "$(rustc --print sysroot)/$std/lib" -name 'libstd-*.rlib' -exec cat {} + | sha256; }
std_from() { [[ -e $(rustc --print sysroot)/$std/built-from-source ]] && echo rust-src || echo rustup; }

build() {
    local into=$1 flags
    # No path of the builder's machine may get into the module, or no two machines would make the same.
    # Less inlining than usual: the same speed, and less to load. (What must be inlined says so.)
    flags=("-Ctarget-feature=+simd128" "-Cllvm-args=-inline-threshold=100" "--remap-path-prefix=$PWD=/amazon-dsp-events"
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$(rustc --print sysroot)=/rust")
    # A folder for each std: cargo does not notice when std changes under it.
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf '%s' "${flags[*]}") CARGO_TARGET_DIR=$PWD/target/wasm/$(std_hash) \
        wasm-pack --log-level warn build --release --target web --out-dir "$into" --out-name core --no-pack \
        -- --locked --features wasm >"$into.log" 2>&1 || { tail -n 40 "$into.log" >&2; die "wasm-pack failed"; }
    # No feature flags: wasm-opt reads the features from the module, and more of them would not load on Node 20.
    # Functions are compiled when they are first called: what one caller seldom needs must not become a part of it.
    wasm-opt -O3 --one-caller-inline-max-function-size=50 -o "$into/core_bg.wasm" "$into/core_bg.wasm"
    # wasm-pack's ignores everything, and npm obeys it.
    rm -f "$into/.gitignore"
    node scripts/pkg-info.mjs "$into" "$(source_hash)" "$(std_hash)" "$(std_from)" \
        "$(rustc -V)" "$(wasm-bindgen -V)" "$(wasm-opt --version)"
}

recorded() { node -p "JSON.parse(require('fs').readFileSync('pkg/build.json', 'utf8')).$1"; }

stale() { die "pkg/ is stale: run \`make pkg\` and commit it ($1)"; }

if [[ ${1:-} == --check ]]; then
    [[ $(recorded sources) == "$(source_hash)" ]] || stale "the sources have changed since it was made"
    # What ships has a budget; another std's rebuild may be some bytes over it.
    node scripts/pkg-proof.mjs pkg
fi
tools=$(scripts/setup-wasm.sh) || {
    status=$?
    [[ ${1:-} == --check && $status == 3 ]] || exit "$status"
    say "NOT REBUILT: there is no WebAssembly target for this Rust here. Its sources are the recorded ones; that is all we know."
    exit 0
}
eval "$tools"
staging=$PWD/target/pkg
rm -rf "$staging"
mkdir -p "$staging"
build "$staging"

if [[ ${1:-} != --check ]]; then
    node scripts/pkg-proof.mjs "$staging"
    rm -rf pkg
    mv "$staging" pkg
elif [[ $(recorded std.sha256) == "$(std_hash)" ]]; then
    # Not build.json: each Node compresses to sizes of its own.
    diff -rq -x build.json "$staging" pkg >&2 || stale "a rebuild differs"
    say "pkg/ is byte for byte what the sources make"
else
    diff -rq -x build.json -x core_bg.wasm "$staging" pkg >&2 || stale "a rebuild differs"
    say "glue and types are what the sources make. MODULE NOT COMPARED: this machine's std ($(std_from)) is not the one recorded ($(recorded std.from))"
fi
