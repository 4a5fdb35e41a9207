# The project's few commands. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help build demo test check bench audit coverage pkg pkg-check release clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## make the host and its command line runnable (Node alone, no Rust)
	@scripts/build.sh

demo: build ## send a shop's day of events to a stand-in for Amazon and show what became of them
	@npm --prefix js-host run --silent demo

test: build ## run every test, native and in each runtime; installs what is missing
	@scripts/test.sh

check: build ## formatting, lints, types and docs
	@scripts/check.sh

bench: ## what an event costs, beside plain JavaScript and others (ARGS=--all, --write, --only node; benches/bench.mjs has more)
	@scripts/bench.sh $(ARGS)

audit: ## reasons, licences, sources and advisories of what comes in with dependencies
	@scripts/audit.sh

coverage: build ## lines that the tests run, by file
	@scripts/coverage.sh

pkg: ## rebuild pkg/ from the Rust sources
	@scripts/pkg.sh

pkg-check: ## prove that pkg/ is what the sources make
	@scripts/pkg.sh --check

release: ## VERSION=x.y.z: make and try what would be published; PUBLISH=1 does publish
	@scripts/release.sh "$(VERSION)"

clean: ## remove what was built
	rm -rf target js-host/dist js-host/build js-host/node_modules benches/node_modules benches/segment/node_modules tests/runtimes/node_modules tests/edge/node_modules tests/browser/node_modules
