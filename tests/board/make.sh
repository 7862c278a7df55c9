#!/bin/sh
# Lays ready an emulated board: tests/board/make.sh BINARY FOLDER
# Debian's kernel for arm64, and a memory disk of busybox, the network's drivers and the box: no root file system.
# Exit 3: something is not to be had, so there is no board.
set -eu
binary=$1 out=$2
here=$(dirname "$0")
modules="virtio_mmio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net"

skip() {
    echo "SKIPPED: no board: $*" >&2
    exit 3
}

mkdir -p "$out/debs"
if [ ! -e "$out/debian/bin/busybox" ] || ! ls "$out"/debian/boot/vmlinuz-* >/dev/null 2>&1; then
    kernel=$(apt-cache depends linux-image-arm64:arm64 2>/dev/null | sed -n 's/^  Depends: //p' | head -1)
    [ -n "$kernel" ] || skip "apt knows no kernel for arm64"
    (cd "$out/debs" && apt-get download -q "$kernel" busybox-static:arm64 >&2) || skip "Debian's archive gives no kernel"
    rm -rf "$out/debian"
    for package in "$out"/debs/*.deb; do dpkg -x "$package" "$out/debian"; done
fi
rm -rf "$out/disk"
mkdir -p "$out/disk/modules" "$out/disk/lib" "$out/disk/data" "$out/disk/proc" "$out/disk/sys" "$out/disk/dev" "$out/disk/tmp"
cp "$out/debian/bin/busybox" "$out/disk/busybox"
install -m 755 "$here/init" "$out/disk/init"
install -m 755 "$binary" "$out/disk/deskbell"
for module in $modules; do
    found=$(find "$out/debian/lib/modules" -name "$module.ko" | head -1)
    [ -n "$found" ] || skip "the kernel has no $module"
    cp "$found" "$out/disk/modules/"
done
for library in libc.so.6 libm.so.6 libgcc_s.so.1 ld-linux-aarch64.so.1; do
    found=
    for folder in /lib/aarch64-linux-gnu /lib /usr/aarch64-linux-gnu/lib; do
        if [ -e "$folder/$library" ]; then found=$folder/$library; break; fi
    done
    [ -n "$found" ] || skip "there is no $library for arm64"
    cp -L "$found" "$out/disk/lib/"
done
(cd "$out/disk" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/initrd.gz"
cp "$(ls "$out"/debian/boot/vmlinuz-* | tail -1)" "$out/kernel"
