# deskbell. `make help` says what there is.

CARGO ?= cargo
SEED ?=
STEPS ?=
# What the browser tests need from Debian: package, and the command that shows it is there.
BROWSER_PACKAGES = chromium:chromium chromium-driver:chromedriver libnss3-tools:certutil

.PHONY: help run build test test-box tools lint sim bench clean

help: ## Say what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the demo (release build): a shop, a desktop, accounts printed
	$(CARGO) run --release -- demo

build: ## Build the release binary
	$(CARGO) build --release

tools: ## Install what the browser tests need from Debian, when it is missing
	@missing=""; \
	for pair in $(BROWSER_PACKAGES); do \
	  command -v "$${pair#*:}" >/dev/null 2>&1 || missing="$$missing $${pair%%:*}"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing from Debian for the browser tests:$$missing"; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y -q --no-install-recommends $$missing; \
	fi

lint: ## Format and clippy, warnings denied
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

test: tools lint ## Everything quick: format, clippy, unit, model, integration, browser (under 20 minutes cold)
	$(CARGO) test
	@echo "make test: done. Not run here: the slow checks (make test-box), the sweeps (make sim, make bench)."

test-box: ## The slow checks: a million simulated steps, restart on a 1 GiB file (under 40 minutes)
	$(CARGO) build --release
	STEPS=1000000 $(CARGO) test --release --test sim
	$(CARGO) test --release --test box -- --ignored --nocapture
	$(CARGO) test --release --test at_size --test manual -- --ignored --nocapture
	@echo "make test-box: done. Not run: units in a container, packages, arm64 (not there yet)."

sim: ## Simulate the engine: make sim SEED=1 STEPS=10000000
	SEED=$(SEED) STEPS=$(STEPS) $(CARGO) test --release --test sim -- --nocapture

bench: ## Print every figure of the README, each as a ratio to a floor of the same run
	$(CARGO) bench

clean: ## Remove what was built
	$(CARGO) clean
