# deskbell. `make help` says what there is.

CARGO ?= cargo
SEED ?=
STEPS ?=
ONLY ?=
# What the tests and the booted units need from Debian: package, and the command that shows it is there.
BROWSER_PACKAGES = chromium:chromium chromium-driver:chromedriver libnss3-tools:certutil systemd:systemd-analyze sip-tester:sipp gammu-smsd:gammu-smsd gammu:gammu
UNIT_PACKAGES = debootstrap:debootstrap systemd-container:systemd-nspawn lintian:lintian qemu-user-static:qemu-aarch64-static
# The Debian the units are booted in: made once, one to five minutes; python3, curl and iproute2 are for the trial only.
GUEST = target/box/base
GUEST_PACKAGES = systemd,systemd-sysv,systemd-timesyncd,dbus,iproute2,python3-minimal,libpython3-stdlib,curl,ca-certificates
# What is packed and booted: the release, or a binary that is there already (BINARY=target/drill/deskbell).
BINARY ?=
export BINARY

# Looks at every page for what keeps people out. Fetched by name and version when it is needed, and no part of the project.
AXE_VERSION = 4.10.3
AXE = target/axe/node_modules/axe-core/axe.min.js

.PHONY: help run build test test-box test-long pictures tools axe lint sim sim-arm64 crash bench load fuzz clean unit-tools deb test-units test-pbx test-arm64 test-board

help: ## Say what there is
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the demo (release build): a shop, a desktop, accounts printed
	$(CARGO) run --release -- demo

build: ## Build the release binary
	$(CARGO) build --release

tools: ## Install what the tests need from Debian, when it is missing
	@missing=""; \
	for pair in $(BROWSER_PACKAGES); do \
	  command -v "$${pair#*:}" >/dev/null 2>&1 || missing="$$missing $${pair%%:*}"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing from Debian for the tests:$$missing"; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y -q --no-install-recommends $$missing; \
	fi

lint: ## Format and clippy, warnings denied
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

test: tools lint ## Everything quick: format, clippy, unit, model, integration, browser (under 20 minutes cold)
	$(CARGO) test
	@echo "make test: done. Not run here: the slow checks (make test-box), the sweeps (make sim, make bench)."

test-box: ## The slow checks: a million simulated steps, 1 GiB of history, ten thousand callers, a box filled to the brim, a million messages searched (under 40 minutes)
	STEPS=1000000 $(CARGO) test --profile drill --test sim
	$(CARGO) test --profile drill --test box -- --ignored --nocapture --test-threads=1
	$(CARGO) test --profile drill --test at_size -- --ignored --nocapture
	$(CARGO) test --profile drill --test memory_bound -- --ignored --nocapture
	$(CARGO) test --profile drill --test finding -- --ignored --nocapture
	@$(MAKE) --no-print-directory axe
	@if [ -e $(AXE) ]; then $(CARGO) test --test browser axe_ -- --ignored; \
	else echo "SKIPPED, not passed: axe on every page, for want of $(AXE)"; fi
	@echo "make test-box: done. Not run here: thousands of chats (make test-long, minutes), the booted units (make test-units), arm64 (make test-arm64, make test-board: thirteen minutes of cross build)."

test-long: ## Thousands of short chats and the memory they leave, an agent whose machine stands still: minutes
	$(CARGO) test --profile drill --test failures -- --ignored --nocapture

pictures: tools ## Make the README's pictures anew, from a running demo in Chromium (tests/pictures)
	@command -v pngquant >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends pngquant
	$(CARGO) test --test browser readme_pictures -- --ignored
	@mkdir -p tests/pictures
	@for name in widget desktop supervisor admin; do \
	  pngquant --force --strip --speed 1 --quality 70-95 --output tests/pictures/$$name.png target/screenshots/readme-$$name.png || exit 1; \
	done
	@ls -l tests/pictures

axe: tools ## Fetch the judge of accessibility from npm into target/, when it is missing
	@if [ -e $(AXE) ]; then exit 0; fi; \
	if ! command -v npm >/dev/null; then echo "No npm here: axe-core cannot be fetched"; exit 0; fi; \
	mkdir -p target/axe; \
	npm install --prefix target/axe --no-audit --no-fund --ignore-scripts axe-core@$(AXE_VERSION) >target/axe/npm.log 2>&1 \
	  || { echo "axe-core $(AXE_VERSION) did not come from npm:"; tail -3 target/axe/npm.log; }

unit-tools: ## Install what packages and booted units need from Debian, when it is missing
	@missing=""; \
	for pair in $(UNIT_PACKAGES); do \
	  command -v "$${pair#*:}" >/dev/null 2>&1 || missing="$$missing $${pair%%:*}"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing from Debian for packages and booted units:$$missing"; \
	  apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y -q --no-install-recommends $$missing; \
	fi

deb: build ## Make the Debian packages for amd64 and arm64 in target/deb
	@rm -rf target/deb
	firmware-config/package/build.sh amd64 target/release/deskbell target/deb
	@firmware-config/package/cross.sh >target/cross-binary; code=$$?; \
	if [ $$code = 0 ]; then firmware-config/package/build.sh arm64 "$$(tail -1 target/cross-binary)" target/deb; \
	elif [ $$code != 3 ]; then exit $$code; fi

test-units: tools ## Boot the units from the package in a Debian of their own; its first day in Chromium; lintian
	@[ -n "$(BINARY)" ] || $(CARGO) build --release
	@$(MAKE) --no-print-directory unit-tools || true
	@for pair in $(UNIT_PACKAGES); do command -v "$${pair#*:}" >/dev/null || absent="$$absent $${pair%%:*}"; done; \
	if [ -n "$$absent" ]; then echo "SKIPPED, not passed: booted units and packages, for want of:$$absent"; exit 0; fi; \
	set -e; \
	if [ ! -e $(GUEST)/usr/lib/systemd/systemd-timesyncd ]; then \
	  rm -rf $(GUEST); mkdir -p target/box; \
	  echo "Making a Debian to boot in $(GUEST) (one to five minutes)"; \
	  debootstrap --variant=minbase --include=$(GUEST_PACKAGES) bookworm $(GUEST) >target/box/debootstrap.log \
	    || { rm -rf $(GUEST); echo "SKIPPED, not passed: no Debian to boot, see target/box/debootstrap.log"; exit 0; }; \
	fi; \
	binary=$${BINARY:-target/release/deskbell}; \
	old=$$(firmware-config/package/build.sh amd64 "$$binary" target/box); \
	new=$$(VERSION=$$(dpkg-deb -f "$$old" Version)+next firmware-config/package/build.sh amd64 "$$binary" target/box); \
	lintian --allow-root --fail-on error,warning "$$old"; \
	mv "$$old" target/box/old.deb; mv "$$new" target/box/new.deb; \
	$(CARGO) test --test units --test first_day -- --ignored --nocapture

# No stable Debian has Asterisk; the unstable one does, and everything of it stays in its own folder.
PBX = target/pbx/base

test-pbx: tools ## A real Asterisk, set up as the manual says, between two telephones
	@$(MAKE) --no-print-directory unit-tools || true
	@if [ ! -e $(PBX)/usr/sbin/asterisk ]; then \
	  command -v debootstrap >/dev/null || { echo "SKIPPED, not passed: a real PBX, for want of debootstrap"; exit 0; }; \
	  rm -rf $(PBX); mkdir -p target/pbx; \
	  echo "Making a Debian with Asterisk in $(PBX) (three to ten minutes)"; \
	  debootstrap --variant=minbase --include=asterisk,curl,ca-certificates sid $(PBX) >target/pbx/debootstrap.log 2>&1 \
	    || { rm -rf $(PBX); echo "SKIPPED, not passed: no Asterisk, see target/pbx/debootstrap.log"; exit 0; }; \
	fi; \
	$(CARGO) test --test pbx -- --ignored --nocapture

test-arm64: ## Build for arm64; under qemu a chat, over TLS, and a restart
	@$(MAKE) --no-print-directory unit-tools || true
	@firmware-config/package/cross.sh >target/cross-binary; code=$$?; \
	if [ $$code = 3 ] || ! command -v qemu-aarch64-static >/dev/null; then \
	  echo "SKIPPED, not passed: the arm64 binary, for want of its tools"; exit 0; fi; \
	[ $$code = 0 ] || exit $$code; \
	export DESKBELL_RUN="qemu-aarch64-static $$(tail -1 target/cross-binary)"; \
	$(CARGO) test --test chat -- --test-threads=1 && \
	$(CARGO) test --test power_cut an_offer_goes_on -- --test-threads=1

BOARD_PACKAGES = qemu-system-arm:qemu-system-aarch64 cpio:cpio

test-board: ## The arm64 box on an emulated board of 512 MiB, with Debian's kernel: boots, chats, tells its memory
	@missing=""; \
	for pair in $(BOARD_PACKAGES); do command -v "$${pair#*:}" >/dev/null 2>&1 || missing="$$missing $${pair%%:*}"; done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing from Debian for the board:$$missing"; \
	  apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y -q --no-install-recommends $$missing || true; \
	fi
	@firmware-config/package/cross.sh >target/cross-binary; code=$$?; \
	if [ $$code = 3 ] || ! command -v qemu-system-aarch64 >/dev/null || ! command -v cpio >/dev/null; then \
	  echo "SKIPPED, not passed: the box on a board, for want of its tools"; exit 0; fi; \
	[ $$code = 0 ] || exit $$code; \
	tests/board/make.sh "$$(tail -1 target/cross-binary)" target/board; code=$$?; \
	if [ $$code = 3 ]; then echo "SKIPPED, not passed: the box on a board, for want of a kernel"; exit 0; fi; \
	[ $$code = 0 ] || exit $$code; \
	$(CARGO) test --test board -- --ignored --nocapture

sim: ## Simulate the engine: make sim STEPS=10000000, or one day with SEED=1
	SEED=$(SEED) STEPS=$(STEPS) ONLY=$(ONLY) $(CARGO) test --profile drill --test sim -- --nocapture

sim-arm64: ## The same days here and on arm64 under qemu: the same effects, byte for byte
	@firmware-config/package/cross.sh sim >target/cross-sim; code=$$?; \
	if [ $$code = 3 ] || ! command -v qemu-aarch64-static >/dev/null; then \
	  echo "SKIPPED, not passed: the simulation on arm64, for want of its tools"; exit 0; fi; \
	[ $$code = 0 ] || exit $$code; \
	export STEPS=$${STEPS:-40000}; \
	here=$$($(CARGO) test -q --test sim | tee /dev/stderr | grep 'all effects') && \
	there=$$(qemu-aarch64-static "$$(tail -1 target/cross-sim)" | tee /dev/stderr | grep 'all effects') && \
	echo "x86-64: $$here" && echo "arm64:  $$there" && [ "$$here" = "$$there" ]

crash: ## A busy minute on a disk that fails, tears, freezes or fills up at its n-th write or sync, for every n; and the real box on a disk that dies
	CRASH_EVERY=1 DISK_PLACES=12 $(CARGO) test --profile drill --test crash --test journal --test failing_disk -- --nocapture --test-threads=2

bench: ## Print every figure of the README, each as a ratio to a floor of the same run
	$(CARGO) bench

load: ## A branch at work: latency, throughput, memory, bytes; then on a disk with 20 ms syncs, then on one core and 512 MiB (ten minutes)
	$(CARGO) bench --bench load
	@if command -v cc >/dev/null; then mkdir -p target/load; \
	  cc -shared -fPIC -O1 -o target/load/slow_sync.so benches/load/slow_sync.c -ldl; \
	  echo "On a disk whose every sync takes 20 ms more:"; \
	  LOAD_TRICKLE_S=30 LOAD_WRAP="env SYNC_MS=20 LD_PRELOAD=$(CURDIR)/target/load/slow_sync.so" $(CARGO) bench --bench load; \
	else echo "SKIPPED, not passed: the slow disk, for want of cc"; fi
	@if [ -w /sys/fs/cgroup/memory ] && command -v taskset >/dev/null; then \
	  echo "Within one core and 512 MiB:"; \
	  LOAD_TRICKLE_S=0 LOAD_WRAP=benches/load/small_board.sh $(CARGO) bench --bench load; \
	else echo "SKIPPED, not passed: one core and 512 MiB, for want of control groups of version 1"; fi

# Coverage without a nightly compiler: the counters are LLVM's own, libFuzzer comes as a crate.
FUZZ_FLAGS = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= frames http desk records masking jwt hours sip

fuzz: ## Fuzz each target, guided by coverage: make fuzz FUZZ_SECONDS=600 FUZZ_TARGETS="jwt hours"
	@cd tests/fuzz && CARGO_TARGET_DIR=../../target/fuzz RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build --release --target x86_64-unknown-linux-gnu
	@set -e; for target in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz/grown/$$target target/fuzz/found/$$target; \
	  echo "fuzz: $$target for $(FUZZ_SECONDS) s; what it finds lands in target/fuzz/found/$$target"; \
	  FUZZ_TARGET=$$target target/fuzz/x86_64-unknown-linux-gnu/release/fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 \
	    -max_len=16384 -print_final_stats=1 -artifact_prefix=target/fuzz/found/$$target/ target/fuzz/grown/$$target tests/fuzz/corpus/$$target; \
	done

clean: ## Remove what was built
	$(CARGO) clean
