#!/usr/bin/env bash
# What comes in with dependencies: their reasons, licences, sources, advisories, and what they would run. What cannot be asked
# here is said by name, and is no pass.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
select_rust
require_node
not_asked() { printf 'NOT ASKED: %s\n' "$*"; }

node scripts/dependencies.mjs

if command -v cargo-deny >/dev/null; then
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        timeout 300 cargo deny --locked --manifest-path "$manifest" --config deny.toml check licenses bans sources
        log=$(mktemp)
        # One by itself: the list of advisories is fetched, and there may be no way to it.
        if ! timeout 120 cargo deny --locked --manifest-path "$manifest" --config deny.toml check advisories >"$log" 2>&1; then
            grep -q 'failed to fetch advisory database' "$log" || { cat "$log" >&2; exit 1; }
            not_asked "advisories for $manifest: there is no way to RustSec's list from here"
        fi
        rm -f "$log"
    done
else
    not_asked "licences, bans, sources and advisories of crates: there is no cargo-deny here (\`cargo install cargo-deny --locked\`)"
fi

# What ships. A registry's mirror may have no advisories; any other answer than a clean one is a failure.
audit=$(cd js-host && timeout 120 npm audit --omit=dev --json 2>/dev/null) || true
node - "$audit" <<'JS'
let answer = {};
try { answer = JSON.parse(process.argv[2]); } catch {}
const { metadata, error, message = error?.summary } = answer;
if (metadata === undefined) console.log(`NOT ASKED: advisories for the npm package: the registry does not answer (${String(message ?? "no reply").slice(0, 200)})`);
else if (metadata.vulnerabilities.total > 0) { console.error(JSON.stringify(answer.vulnerabilities, null, 2)); process.exit(1); }
else console.log(`no advisory for the ${metadata.dependencies.prod} npm packages that ship`);
JS

# Whatever the lock file brings to a user must not run when it is installed. The build's own tools may (esbuild checks itself).
node - <<'JS'
const { readFileSync } = require("node:fs");
const { scripts = {} } = JSON.parse(readFileSync("js-host/package.json", "utf8"));
const { packages } = JSON.parse(readFileSync("js-host/package-lock.json", "utf8"));
const running = ["preinstall", "install", "postinstall", "prepare"].filter((name) => name in scripts);
for (const [name, { dev, peer, hasInstallScript }] of Object.entries(packages)) if (!dev && !peer && hasInstallScript) running.push(name);
if (running.length > 0) { console.error(`audit: run when the package is installed: ${running.join(", ")}`); process.exit(1); }
console.log("nothing runs when the package is installed");
JS
