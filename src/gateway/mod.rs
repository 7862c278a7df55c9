//! To be moved in.

/// Verification of the tokens by which a site names its customers.
pub mod jwt;
