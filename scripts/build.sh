#!/usr/bin/env bash
# Makes the host runnable: npm packages and the TypeScript build. Quiet; does only what is needed.
set -euo pipefail
cd "$(dirname "$0")/../js-host"

command -v node >/dev/null || { echo "build: Node 20 or newer is needed, and there is none (https://nodejs.org)" >&2; exit 1; }
major=$(node -p 'process.versions.node.split(".")[0]')
((major >= 20)) || { echo "build: Node 20 or newer is needed, this is $(node -v)" >&2; exit 1; }

# npm writes this file last, so it is older than a lock file that has changed since.
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    echo "build: installing npm packages" >&2
    npm ci --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
fi

stamp=dist/.built
newer() { [[ ! -e $stamp ]] || [[ -n $(find src scripts package.json tsconfig*.json ../pkg -newer $stamp -print -quit) ]]; }
if newer; then
    npm run --silent build >&2
    touch $stamp
fi
