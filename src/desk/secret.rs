//! Passwords and token secrets: carried, compared, never shown.

use subtle::ConstantTimeEq;

/// Text that nobody may read off a log, an export or a panic message.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes text as a secret.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What a member of staff or a token signs in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// None: cannot sign in until one is set.
    #[default]
    Absent,
    /// As the admin wrote it; the shell replaces it by its hash before the desk goes live.
    Plain(Secret),
    /// The hash, in whatever form the gateway made it. Secret all the same: it can be guessed at offline.
    Hashed(Secret),
}

impl Credential {
    /// Whether there is none.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The plain text, when it is still to be hashed.
    pub fn plain(&self) -> Option<&Secret> {
        match self {
            Self::Plain(secret) => Some(secret),
            _ => None,
        }
    }

    /// The hash, once there is one.
    pub fn hash(&self) -> Option<&str> {
        match self {
            Self::Hashed(hash) => Some(hash.expose()),
            _ => None,
        }
    }
}

/// A secret that is used as it is: a provider's, which signs or signs in. It stands plain in the store, which only
/// the box's own user reads, and in no export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept(Option<Secret>);

impl Kept {
    /// Takes a secret.
    pub fn new(secret: Secret) -> Self {
        Self(Some(secret))
    }

    /// Whether there is none.
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// The text itself, for whoever signs with it; empty when there is none.
    pub fn expose(&self) -> &str {
        self.0.as_ref().map_or("", Secret::expose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        for credential in
            [Credential::Plain(Secret::new("hunter2")), Credential::Hashed(Secret::new("hunter2"))]
        {
            let shown = format!("{credential:?} {credential:#?}");
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }
}
