#!/bin/sh
# Makes the Debian package: firmware-config/package/build.sh ARCH BINARY FOLDER
# Only dpkg-deb is needed, and the same tree gives the same bytes.
set -eu
arch=$1 binary=$2 out=$3
cd "$(dirname "$0")/../.."
here=firmware-config/package
# VERSION= is for the test that upgrades; a release has the crate's own.
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)-1}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH
umask 022
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

put() { # MODE FILE TO
    install -D -m "$1" "$2" "$tree/$3"
}

put 755 "$binary" usr/bin/deskbell
for unit in systemd/*.service systemd/*.socket systemd/*.timer; do
    put 644 "$unit" "lib/systemd/system/$(basename "$unit")"
done
put 644 systemd/deskbell.service.d/time-sync.conf lib/systemd/system/deskbell.service.d/time-sync.conf
put 644 systemd/deskbell.sysusers usr/lib/sysusers.d/deskbell.conf
put 644 systemd/deskbell.tmpfiles usr/lib/tmpfiles.d/deskbell.conf
put 644 firmware-config/deskbell.toml etc/deskbell/deskbell.toml
for file in firmware-config/profiles/*; do
    put 644 "$file" "usr/share/deskbell/profiles/$(basename "$file")"
done
for folder in sysctl.d journald.conf.d system.conf.d timesyncd.conf.d tmp.mount.d; do
    for file in firmware-config/$folder/*; do
        put 644 "$file" "usr/share/deskbell/system/$folder/$(basename "$file")"
    done
done
put 644 $here/deskbell.bash usr/share/bash-completion/completions/deskbell
put 644 $here/deskbell.1 usr/share/man/man1/deskbell.1
put 644 firmware-config/README.md usr/share/doc/deskbell/README.md
put 644 CHANGELOG.md usr/share/doc/deskbell/changelog
{
    echo "deskbell ($version) stable; urgency=medium"
    echo
    echo "  * What changed is in changelog.gz beside this file."
    echo
    echo " -- deskbell maintainers <maintainers@deskbell.example>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$tree/usr/share/doc/deskbell/changelog.Debian"
gzip -9n "$tree/usr/share/man/man1/deskbell.1" "$tree/usr/share/doc/deskbell/changelog" \
    "$tree/usr/share/doc/deskbell/changelog.Debian"
# Asked of every first package in Debian itself; this one answers to no request there.
mkdir -p "$tree/usr/share/lintian/overrides"
echo "deskbell: initial-upload-closes-no-bugs" >"$tree/usr/share/lintian/overrides/deskbell"
sed 's/^$/./; s/^/ /' LICENSE-MIT >"$tree/mit"
sed -e "/^@MIT@/{r $tree/mit" -e 'd;}' $here/copyright >"$tree/usr/share/doc/deskbell/copyright"
rm "$tree/mit"

# The newest C library that any symbol of the binary asks for.
libc=$(grep -ao 'GLIBC_2\.[0-9]*' "$binary" | sort -uV | tail -1 | cut -d_ -f2)
# Packed relocations are read from 2.36 on, whatever is called.
if grep -aq GLIBC_ABI_DT_RELR "$binary"; then libc=$(printf '%s\n2.36\n' "$libc" | sort -V | tail -1); fi
mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: deskbell
Version: $version
Architecture: $arch
Maintainer: deskbell maintainers <maintainers@deskbell.example>
Installed-Size: $(du -k -s --apparent-size "$tree" | cut -f1)
Depends: libc6 (>= $libc), libgcc-s1 (>= 4.2), systemd (>= 250), init-system-helpers (>= 1.54)
Recommends: systemd-timesyncd | time-daemon
Section: net
Priority: optional
Description: live-chat contact centre of a branch office, in one box
 The widget for the customers of a site, the desktop for the staff of a branch,
 the routing between them and the store behind them, as one service that needs
 nothing from outside and works with the line down.
CONTROL
echo /etc/deskbell/deskbell.toml >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    install -m 755 "$here/$script" "$tree/DEBIAN/$script"
done
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -print | sed 's|^\./||' | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
mkdir -p "$out"
package="$out/deskbell_${version}_$arch.deb"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" >/dev/null
echo "$package"
