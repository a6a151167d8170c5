# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` do everything on a fresh machine; the rest is for those who work on it.

BPFTOOL := $(or $(shell command -v bpftool),/usr/sbin/bpftool)
# One file per command instead of a thousand: node starts in a third of the time.
BUNDLE := --bundle --splitting --platform=node --format=esm --target=node20 --outdir=build/bundle \
	--external:ffi-napi --external:ref-napi --log-level=warning --banner:js="import { createRequire as \
	nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);"
PAGE := $(wildcard agent/src/export/page/*)
TS := $(shell find agent dashboards/src -name '*.ts' 2>/dev/null)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: host-setup ## install what is missing: packages, npm modules; unpack the lab's kernel and QEMU
	@lab/setup
	@dashboards/setup

build: host-setup ## all that bin/migwatch needs on a host
	@$(MAKE) --no-print-directory -s -C probes
	@$(MAKE) --no-print-directory -s build/agent.stamp

lint: build ## formatting, imports, types, generated files, dashboards and alert rules
	@tools/lint

test: setup build ## lint, unit and scenario tests, lab cases; CASES="a b" for some of them
	@tools/test $(CASES)

demo: setup build ## a real migration, watched; KEEP=1 leaves the page up
	@lab/demo/run

bench: setup build ## what the agent costs, measured in the lab
	@bench/run

dashboards: build ## regenerate the committed Grafana dashboards
	@node build/dashboards/src/main.js dashboards/grafana

wire: host-setup ## regenerate agent/src/wire/events.gen.ts from probes/wire.h
	@$(MAKE) --no-print-directory -s -C probes
	@tools/wire > build/events.gen.ts && mv build/events.gen.ts agent/src/wire/events.gen.ts

clean: ## remove what was built; build/lab (downloads) stays
	rm -rf node_modules build/agent build/bundle build/probes build/dashboards build/stamps build/agent.stamp \
		build/agent.tsbuildinfo build/libmigwatch.so

host-setup:
	@tools/setup

build/agent.stamp: $(TS) $(PAGE) tsconfig.json package-lock.json
	node_modules/.bin/tsc -p .
	node_modules/.bin/esbuild build/agent/src/main.js $(BUNDLE)
	mkdir -p build/bundle/page build/agent/src/export/page
	cp agent/src/export/page/* build/bundle/page/
	cp agent/src/export/page/* build/agent/src/export/page/
	touch $@

.PHONY: help setup build lint test demo bench dashboards wire clean host-setup
