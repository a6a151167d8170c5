# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` do everything on a fresh machine; the rest is for those who work on it.

BPFTOOL := $(or $(shell command -v bpftool),/usr/sbin/bpftool)
# One file per command instead of a thousand: node starts in a third of the time.
BUNDLE := --bundle --splitting --platform=node --format=esm --target=node20 --outdir=build/bundle \
	--external:ffi-napi --external:ref-napi --log-level=warning --banner:js="import { createRequire as \
	nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);"
PAGE := $(wildcard agent/src/export/page/* agent/src/export/report/*.html agent/src/export/report/*.css agent/src/export/report/client/*)
TS := $(shell find agent bench dashboards/src -name '*.ts' 2>/dev/null)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: host-setup ## install what is missing: packages, npm modules; unpack the lab's kernel and QEMU
	@lab/setup
	@dashboards/setup
	@tools/babeltrace2 --setup
	@tools/node --setup

build: host-setup ## all that bin/migwatch needs on a host
	@$(MAKE) --no-print-directory -s -C probes
	@$(MAKE) --no-print-directory -s build/agent.stamp

lint: build ## formatting, imports, types, generated files, dashboards and alert rules
	@tools/lint

test: setup build ## lint, unit and scenario tests, lab cases; CASES="a b" for some of them
	@tools/test $(CASES)

fuzz: build ## a million damaged traces through the reader; SEED=n for those of an earlier run
	@node build/agent/test/fuzz/trace.js 1000000 $(SEED)

demo: setup build ## a real migration, watched; KEEP=1 leaves the page up
	@lab/demo/run

sizes: setup build ## rewrite probes/sizes.txt: what the verifier looks at in each program
	@lab/vm --out build/lab/sizes --device edu,addr=02.0 --timeout=300 -- python3 lab/cases/program_sizes.py --write
	@cp build/lab/sizes/sizes.txt probes/sizes.txt

mutation: build ## is each line of the rules and the model tested? changes them one by one, for an hour; SAMPLE=10: a tenth
	@node_modules/.bin/stryker run tools/mutation/stryker.config.mjs $(if $(SAMPLE),--mutate $$(node tools/mutation/sample.mjs $(SAMPLE)))

bench: setup build ## what the agent costs, measured in the lab
	@bench/run

deb: build ## build/migwatch_VERSION_ARCH.deb
	@packaging/deb

dashboards: build ## regenerate the committed Grafana dashboards and Prometheus rules
	@node build/dashboards/src/main.js dashboards

picture: build ## draw docs/page.png again
	@node build/agent/test/browser/picture.js

docs: build ## regenerate the documents that are made from the code
	@node build/agent/docs/main.js docs

wire: host-setup ## regenerate agent/src/wire/*.gen.ts from probes/wire.h
	@$(MAKE) --no-print-directory -s -C probes
	@for f in events tsdl; do tools/wire $$f.gen.ts > build/$$f.gen.ts && mv build/$$f.gen.ts agent/src/wire/ || exit 1; done

clean: ## remove what was built; build/lab (downloads) stays
	rm -rf node_modules build/agent build/bundle build/probes build/dashboards build/stamps build/agent.stamp \
		build/agent.tsbuildinfo build/libmigwatch.so

host-setup:
	@tools/setup

build/agent.stamp: $(TS) $(PAGE) tsconfig.json package-lock.json
	node_modules/.bin/tsc -p .
	rm -rf build/bundle # its chunks are called otherwise each time
	node_modules/.bin/esbuild main=build/agent/src/main.js worker=build/agent/src/trace/worker.js \
		bcrypt_worker=build/agent/src/export/bcrypt_worker.js $(BUNDLE)
	mkdir -p build/bundle/page build/agent/src/export/page
	cp agent/src/export/page/* build/bundle/page/
	cp agent/src/export/page/* build/agent/src/export/page/
	mkdir -p build/bundle/report-page
	node_modules/.bin/esbuild agent/src/export/report/client/main.js --bundle --minify --format=esm --target=es2022 \
		--charset=utf8 --log-level=warning --outfile=build/bundle/report-page/report.js
	cp agent/src/export/report/report.html agent/src/export/report/report.css agent/src/export/page/theme.css \
		build/bundle/report-page/
	rm -rf build/agent/src/export/report/report-page
	cp -r build/bundle/report-page build/agent/src/export/report/
	touch $@

.PHONY: help deb fuzz mutation picture setup build lint test demo bench sizes dashboards docs wire clean host-setup
