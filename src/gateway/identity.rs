//! Who is asking: the caller behind a token, and the one question the gateway asks about it.

use std::sync::Arc;

use super::token::TokenHash;

/// What a member of staff, or a machine with a token, may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Role {
    Agent,
    Supervisor,
    Admin,
    Integration,
    Metrics,
    Bot,
}

impl Role {
    /// Every role, in the order of their bits.
    pub const ALL: [Role; 6] =
        [Role::Agent, Role::Supervisor, Role::Admin, Role::Integration, Role::Metrics, Role::Bot];

    /// The name on the wire and in the desk.
    pub fn name(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
            Role::Integration => "integration",
            Role::Metrics => "metrics",
            Role::Bot => "bot",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u8);

impl Roles {
    /// No role at all.
    pub const NONE: Roles = Roles(0);

    /// The set with `role` added.
    pub const fn with(self, role: Role) -> Roles {
        Roles(self.0 | 1 << role as u8)
    }

    /// Whether `role` is in it.
    pub const fn has(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    /// Whether one of `roles` is in it.
    pub fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// The roles in it.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Roles {
        roles.into_iter().fold(Roles::NONE, Roles::with)
    }
}

/// The member of staff, or machine, behind a good token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The username.
    pub agent: Arc<str>,
    /// What it may do.
    pub roles: Roles,
    /// Which token it came with, so that a log-out ends its sockets. It is the hash, not the secret.
    pub token: TokenHash,
}

/// Answers whose a token is. Asked on the gateway's executor for each request that carries one: it must
/// be quick and must not block.
pub trait Identity: Send + Sync {
    /// The caller behind the token with this hash; `None` when unknown, expired or signed out.
    fn caller(&self, token_hash: &TokenHash) -> Option<Caller>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_hold_what_was_put_in_and_nothing_else() {
        let roles: Roles = [Role::Agent, Role::Bot].into_iter().collect();
        assert!(roles.has(Role::Agent) && roles.has(Role::Bot) && !roles.has(Role::Admin));
        assert!(roles.has_any(&[Role::Admin, Role::Bot]) && !roles.has_any(&[Role::Metrics]));
        assert_eq!(roles.iter().map(Role::name).collect::<Vec<_>>(), ["agent", "bot"]);
        assert_eq!(Role::from_name("supervisor"), Some(Role::Supervisor));
        assert_eq!(Role::from_name("root"), None);
    }
}
