#!/usr/bin/env bash
# A release, step by step, up to the point of no return:   scripts/release.sh x.y.z
# What would be published stands in target/release-x.y.z/ then, with an SBOM for each and all their hashes.
# PUBLISH=1 goes on: crates.io, npm with provenance, a tag. SKIP_GATE=1 leaves the gate out, where nothing is published.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust
require_node

version=${1:-}
publish=${PUBLISH:-}
out=$PWD/target/release-$version
say() { printf '\n== %s\n' "$*"; }
note() { printf 'release: %s\n' "$*"; }
die() { printf 'release: %s\n' "$*" >&2; exit 1; }
# What a dry run may lack, and a release may not.
lacks() { [[ -z $publish ]] || die "$*"; printf 'NOT READY TO PUBLISH: %s\n' "$*"; }

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || die "the version must be like 1.2.3 or 1.2.3-rc.1, got \`$version\` (make release VERSION=1.2.3)"
[[ -z $publish || -z ${SKIP_GATE:-} ]] || die "SKIP_GATE is for dry runs: what is published has passed the gate"

say "tree and texts"
[[ -z $(git status --porcelain) ]] || die "the tree has changes: commit or stash them"
! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null || [[ ${GITHUB_REF:-} == "refs/tags/v$version" ]] || die "there is a tag v$version already"
node scripts/set-version.mjs --check "$version" || die "set it by \`node scripts/set-version.mjs $version\`, then \`make pkg\`"
heading=$(grep -m 1 "^## ${version//./\\.}\( \|$\)" CHANGELOG.md) || die "CHANGELOG.md has no heading \`## $version\`"
[[ $heading =~ \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$ ]] || lacks "CHANGELOG.md says \`$heading\`: it should end with the day, such as (2026-12-01)"
node scripts/repository.mjs || lacks "provenance names the repository, and the manifests do not"

say "gate"
# A dry run's pass holds for the publication of the same commit: tokens to publish with do not live as long as the gate runs.
passed=target/gate-passed
if [[ -n ${SKIP_GATE:-} ]]; then
    note "SKIPPED, as SKIP_GATE says"
elif [[ $(cat $passed 2>/dev/null) == "$(git rev-parse HEAD)" ]]; then
    note "this commit has passed it here before"
else
    .ci/run
    [[ -z $(git status --porcelain) ]] || die "the gate has changed the tree"
    mkdir -p target
    git rev-parse HEAD >$passed
fi

say "what the crate promises"
before=$(git describe --tags --match 'v*' --abbrev=0 HEAD^ 2>/dev/null || true)
if [[ -z $before ]]; then
    note "not compared: there is no release before this one"
elif command -v cargo-semver-checks >/dev/null; then
    cargo semver-checks --baseline-rev "$before"
else
    lacks "there is no cargo-semver-checks here to compare with $before (\`cargo install cargo-semver-checks --locked\`)"
fi

say "pkg/ is what the sources make"
scripts/pkg.sh --check

rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "crate"
cargo package --locked --quiet
cp "target/package/amazon_dsp_events-$version.crate" "$out/"
mkdir -p "$work/crate/src"
tar -xzf "$out/amazon_dsp_events-$version.crate" -C "$work"
cat >"$work/crate/Cargo.toml" <<TOML
[package]
name = "empty"
edition = "2024"
[dependencies]
amazon_dsp_events = { path = "../amazon_dsp_events-$version" }
TOML
cat >"$work/crate/src/main.rs" <<'RUST'
use amazon_dsp_events::{Config, Transformer};

fn main() {
    let config = Config::from_json(r#"{ "defaults": { "countryCode": "US" } }"#).expect("a config");
    let event = br#"{"type":"track","event":"Product Added","messageId":"m-1","traits":{"email":"jane@example.com"}}"#;
    let transformer = Transformer::new(config);
    println!("{}", transformer.transform(event, 1_795_219_200_000).expect("an event").to_json());
}
RUST
# The versions that were tested, as far as they are the crate's.
cp Cargo.lock "$work/crate/Cargo.lock"
said=$(CARGO_TARGET_DIR=$work/target cargo run --quiet --offline --manifest-path "$work/crate/Cargo.toml")
[[ $said == '{"'*'"eventId":"m-1"'* ]] || die "a program with the packed crate says: $said"
note "a program with the packed crate maps an event"

say "npm package"
npm_packages js-host
(cd js-host && npm pack --silent --pack-destination "$out" >/dev/null)
mkdir "$work/npm"
echo '{ "name": "empty", "private": true, "type": "module" }' >"$work/npm/package.json"
(
    cd "$work/npm"
    npm install --silent --prefer-offline --no-audit --no-fund "$out/amazon-dsp-events-$version.tgz"
    event='{"type":"track","event":"Product Added","messageId":"m-1","traits":{"email":"jane@example.com","country":"US"}}'
    line=$(npx --no-install amazon-dsp-events transform - --now 2026-11-21T00:00:00Z <<<"$event")
    [[ $line == '{"line":1,"outcome":"mapped",'* ]] || die "the packed command says: $line"
    [[ $(npx --no-install amazon-dsp-events --version) == "$version" ]] || die "the packed command has another version"
    node --input-type=module -e "import { Transformer } from 'amazon-dsp-events/core'; if (!new Transformer().transform($event)) process.exit(1)"
)
note "the packed command maps an event, and so does a program with the package"

say "the packed package and the examples, in each runtime"
# The very file that would be published.
npm_packages tests/runtimes || lacks "the runtimes are not there"
PACKED="$out/amazon-dsp-events-$version.tgz" npm --prefix tests/runtimes run --silent test -- package.test.mjs examples.test.mjs

say "what is in them"
node scripts/sbom.mjs crate >"$out/amazon_dsp_events-$version.cdx.json"
node scripts/sbom.mjs npm >"$out/amazon-dsp-events-$version.cdx.json"
(cd "$out" && sha256sum ./* >SHA256SUMS && cat SHA256SUMS)

if [[ -z $publish ]]; then
    note "dry run: nothing is published. All of it is in ${out#"$PWD/"}"
    exit 0
fi

say "publish"
# The crate first: a version of npm's cannot be used again, nor one of crates.io; the crate is checked once more on its way.
cargo publish --locked
npm publish "$out/amazon-dsp-events-$version.tgz" --provenance --access public
[[ ${GITHUB_REF:-} == "refs/tags/v$version" ]] || git tag -a "v$version" -m "v$version"
note "published; v$version is the tag"
