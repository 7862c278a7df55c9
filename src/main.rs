//! Subcommands only.

fn main() {}
