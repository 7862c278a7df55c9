#!/bin/sh
# Builds the arm64 binary with Debian's own compiler and libraries: firmware-config/package/cross.sh
# With a name, a test instead: firmware-config/package/cross.sh sim
# The path of the binary is the last line. Exit 3: the tools are not to be had, so nothing was built.
set -eu
target=aarch64-unknown-linux-gnu
compiler="rustc-web cargo-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross"

skip() {
    echo "SKIPPED: no arm64 build: $*" >&2
    exit 3
}

candidate() {
    apt-cache policy "$1" | sed -n 's/^  Candidate: //p'
}

if ! command -v aarch64-linux-gnu-gcc >/dev/null || [ ! -d "/usr/lib/rustlib/$target/lib" ]; then
    [ "$(id -u)" = 0 ] || skip "run once as root, or install: $compiler"
    echo "Installing from Debian for the arm64 build: $compiler" >&2
    dpkg --add-architecture arm64
    apt-get -o DPkg::Lock::Timeout=400 update -q >&2 || skip "no package lists"
    # A mirror in the middle of its update has the two architectures at different versions; they cannot pair.
    [ "$(candidate rustc-web)" = "$(candidate libstd-rust-web-dev:arm64)" ] ||
        skip "rustc-web is $(candidate rustc-web), its arm64 library $(candidate libstd-rust-web-dev:arm64)"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=400 install -y -q --no-install-recommends \
        $compiler >&2 || skip "the tools could not be installed"
fi

# Debian's compiler by its full path: its library is the only one there is for arm64, and another compiler
# on the PATH cannot read it.
export RUSTC=/usr/bin/rustc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
if [ $# -gt 0 ]; then
    built=$(/usr/bin/cargo test --no-run --locked --test "$1" --target "$target" --target-dir target/cross 2>&1) || {
        echo "$built" >&2
        exit 1
    }
    echo "$built" | sed -n 's/^ *Executable .*(\(.*\))$/\1/p'
    exit 0
fi
/usr/bin/cargo build --release --locked --target "$target" --target-dir target/cross >&2
echo "target/cross/$target/release/deskbell"
