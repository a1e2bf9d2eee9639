# make run · make test · make check · make bench; each sets the environment up first.
# ACCEL=cpu|cuda overrides the detection of an NVIDIA GPU.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ACCEL ?= $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q GPU && echo cuda || echo cpu)
BIN := .venv/bin
LOCK := requirements/$(ACCEL).lock
READY := .venv/.ready-$(ACCEL)

QUESTION ?= how do I run an FFT on my data?
SOURCE ?= package:numpy
SERVE := $(BIN)/glossator serve --index $(SOURCE) --ask "$(QUESTION)" \
	$(if $(MODEL),--model "$(MODEL)") $(if $(UPSTREAM),--upstream "$(UPSTREAM)") \
	$(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)") $(if $(DEPLOY),--deploy $(DEPLOY))

.PHONY: help lint-lua format-lua hooks dist setup run test test-editors test-neovim test-vscode test-page check format bench bench-rails bench-overload bench-fairness ladder bench-ladder simulate bench-editors sbom audit lock docs docs-site clean

help: ## Say what can be made.
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile

##@ Set up and run

setup: $(READY) ## Install exact versions into .venv (about 3 minutes and 5 GB, once).

$(READY): $(LOCK) pyproject.toml setup.py requirements/setup.sh
	@requirements/setup.sh "$(PYTHON)" "$(LOCK)"
	@touch $@

run: setup ## Index NumPy's documentation, answer a question from it, then serve. MODEL=, UPSTREAM=, PORT=
	@$(SERVE)

docs: setup ## Write the generated pages anew: settings, protocol, the listing of the architecture.
	$(BIN)/python -m backend.settings.reference > docs/settings.md
	$(BIN)/python -m backend.gateway.reference > docs/protocol.md
	$(BIN)/python docs/layout.py --write > /dev/null

docs-site: .tools/site/.ready ## Build the documentation as a searchable site into build/site.
	@NO_MKDOCS_2_WARNING=1 .tools/site/bin/mkdocs build --strict
	@echo "Look at it: python3 -m http.server --bind 127.0.0.1 --directory build/site 8000"

lock: ## Resolve the locks anew from pyproject.toml (needs uv).
	requirements/lock.sh

clean: ## Remove the environment and the caches.
	rm -rf .venv .tools .models .editors artifacts build/site .mypy_cache .ruff_cache .pytest_cache .hypothesis

##@ Test

test: setup ## Run every test that needs no editor: real Chroma, real vLLM with a tiny model, real Ray.
	$(BIN)/pytest -m "not editor"

test-page: setup ## Run the tests of the built-in page in Chromium, fetched where it is missing.
	tests/e2e/install-packages.sh chromium
	$(BIN)/pytest -m editor tests/e2e/test_page.py

test-editors: test-neovim test-vscode ## Run the tests that drive real editors; what is missing is fetched.

test-neovim: setup lint-lua ## Run the tests in a real Neovim; 0.11 or newer is fetched on Debian (or NEOVIM=path).
	@tests/lsp_server/editors/install-neovim.sh .editors/neovim
	$(BIN)/pytest -m editor tests/lsp_server/editors tests/loadtest/benchmarks/editors/test_editor_latency.py

test-vscode: setup ## Run the tests in a real VS Code; what they need is fetched into .editors/.
	tests/e2e/vscode/install.sh .editors/vscode
	. .editors/vscode/env && cd editor_plugins/vscode && npm run check && npm test
	$(BIN)/pytest -m editor tests/e2e/vscode

##@ Check

check: setup ## Lint, types, import contracts.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint-lua: ## Check the Lua of the Neovim plugin: luacheck, StyLua. What is missing is installed (Debian).
	editor_plugins/neovim/lint/lint.sh .editors/lua

format-lua: ## Format the Lua of the Neovim plugin.
	editor_plugins/neovim/lint/lint.sh .editors/lua --write

hooks: setup .tools/.ready ## Run ruff on what changed before each commit (pre-commit).
	.tools/bin/pre-commit install

##@ Measure

bench: setup ## Measure TTFT and tokens/s: engine, vllm serve, gateway, gateway on Ray.
	$(BIN)/python -m loadtest.benchmarks.serving.compare

bench-rails: setup ## Measure what the rails add to TTFT: all on beside all off.
	$(BIN)/python -m loadtest.benchmarks.rails.rails_cost

bench-overload: setup ## Measure arrivals at 1 to 8 times the capacity, with and without admission.
	$(BIN)/python -m loadtest.benchmarks.serving.overload

bench-fairness: setup ## Measure what nineteen users see while one floods.
	$(BIN)/python -m loadtest.benchmarks.serving.fairness

ladder: setup ## Climb the seed story's ladder: HF pipeline, vLLM, Ray Serve; ten users (4 minutes).
	$(BIN)/python -m loadtest.benchmarks.serving.story

bench-ladder: setup ## Measure one to fifty users of every way to serve one model (25 minutes).
	$(BIN)/python -m loadtest.benchmarks.serving.ladder

simulate: setup ## Simulate what autoscaling costs and keeps, on hours of traffic.
	$(BIN)/python -m loadtest.benchmarks.scaling.simulate

bench-editors: setup ## Measure Enter in the chat to the first character, in Neovim and VS Code.
	@tests/lsp_server/editors/install-neovim.sh .editors/neovim
	tests/e2e/vscode/install.sh .editors/vscode
	$(BIN)/python -m loadtest.benchmarks.editors.editor_latency

##@ Release

dist: setup ## Build a wheel and an sdist into dist/.
	rm -rf dist
	$(BIN)/python -P -m build --no-isolation
	rm -rf build glossator.egg-info

sbom: setup .tools/.ready ## Write the software bill of materials and the licences into artifacts/.
	requirements/sbom.sh

audit: .tools/.ready ## Look for known vulnerabilities of the locked versions (needs the internet).
	requirements/audit.sh $(LOCK)

.tools/.ready: requirements/tools.txt
	$(PYTHON) -m venv .tools
	.tools/bin/pip --disable-pip-version-check install --quiet --requirement $<
	@touch $@

# With all dependencies pinned, so none has to be resolved.
.tools/site/.ready: requirements/site.txt
	$(PYTHON) -m venv .tools/site
	.tools/site/bin/pip --disable-pip-version-check install --quiet --no-deps --requirement $<
	@touch $@
