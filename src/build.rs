//! How the binary is linked.

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    // Relocations packed: 390 KiB less of the binary's nine megabytes. Debian 12's loader is the first that reads them; a
    // linker that cannot write them says so and goes on without.
    println!("cargo::rustc-link-arg-bin=deskbell=-Wl,-z,pack-relative-relocs");
}
