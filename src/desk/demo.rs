//! The desk a demo starts with.

/// A desk file with everything in it: a live and a persistent workstream and cases, two widgets, four people.
/// Its live workstream has no hours and so is always open; its passwords are public and for a demo only.
pub fn demo() -> &'static str {
    include_str!("demo.toml")
}
