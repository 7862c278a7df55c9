//! `[[agent]]` and `[[token]]`: who may do what, and what they sign in with.

use crate::channels::calls::is_extension;
use crate::desk::model::{Agent, Role, Token};
use crate::desk::read::{NAME, Section};
use crate::desk::secret::Credential;
use crate::limits::{DESK_AGENTS_MAX, DESK_QUEUES_MAX, DESK_TOKENS_MAX, DESK_UNITS_MAX};

/// Characters of a password below which a warning says so.
const PASSWORD_CHARS_ADVISED: usize = 8;

pub(super) fn agents(root: &Section<'_>, stored: bool) -> Vec<Agent> {
    const STAFF: &[Role] = &[Role::Agent, Role::Supervisor, Role::Admin];
    let agent = |section: &Section<'_>| {
        let name = section.text("name", NAME);
        let password = credential(section, "password", "password_hash", stored);
        if password.plain().is_some_and(|password| password.expose().chars().count() < PASSWORD_CHARS_ADVISED)
        {
            section.warn("password", format!("is shorter than {PASSWORD_CHARS_ADVISED} characters"));
        }
        let roles = roles(section, STAFF, &[Role::Agent]);
        let queues = section.get("queues").map(|entry| entry.references("queue", DESK_QUEUES_MAX));
        let queues = queues.unwrap_or_default();
        if !queues.is_empty() && !roles.contains(&Role::Agent) {
            section.warn("queues", "has no effect without the role agent");
        }
        let capacity = section.number("capacity", 1..=DESK_UNITS_MAX).unwrap_or(100);
        let extension = section.text("extension", NAME).filter(|extension| {
            let fits = is_extension(extension);
            if !fits {
                section.fault("extension", "must be what a telephone dials, such as 201 or 201@pbx.lan");
            }
            fits
        });
        let username: crate::desk::ids::AgentId = section.id("username")?;
        let name = name.unwrap_or_else(|| username.to_string());
        Some(Agent { username, name, password, roles, queues, capacity, extension })
    };
    root.tables("agent", Some("username"), DESK_AGENTS_MAX).iter().filter_map(agent).collect()
}

/// `[sign_in]`: which roles must have one-time codes.
pub(super) fn totp_required(root: &Section<'_>) -> Vec<Role> {
    const STAFF: &[Role] = &[Role::Agent, Role::Supervisor, Role::Admin];
    let section = root.section("sign_in");
    let entry = section.as_ref().and_then(|section| section.get("totp_required"));
    entry.map(|entry| entry.words(STAFF)).unwrap_or_default()
}

pub(super) fn tokens(root: &Section<'_>, stored: bool) -> Vec<Token> {
    // Not agent: a conversation is held by somebody who can be asked about it.
    const MACHINES: &[Role] = &[Role::Supervisor, Role::Admin, Role::Integration, Role::Metrics, Role::Bot];
    let token = |section: &Section<'_>| {
        let secret = credential(section, "secret", "secret_hash", stored);
        if secret.plain().is_some_and(|secret| !secret.expose().bytes().all(is_bearer_byte)) {
            section.fault("secret", "must be letters, digits and -._~+/= only, as a bearer token is");
        }
        let roles = roles(section, MACHINES, &[]);
        Some(Token { name: section.id("name")?, secret, roles })
    };
    root.tables("token", Some("name"), DESK_TOKENS_MAX).iter().filter_map(token).collect()
}

fn roles(section: &Section<'_>, allowed: &[Role], default: &[Role]) -> Vec<Role> {
    let Some(entry) = section.get("roles") else {
        if default.is_empty() {
            section.fault("roles", "is missing");
        }
        return default.to_vec();
    };
    if entry.is_empty_list() {
        entry.fault("must name at least one role");
    }
    entry.words(allowed)
}

/// The plain text, or in a desk from the store the hash.
fn credential(section: &Section<'_>, key: &'static str, hash_key: &'static str, stored: bool) -> Credential {
    let secret = |key| super::secret(section, key);
    let plain = secret(key).map(Credential::Plain);
    // Only asked for in a desk from the store: elsewhere the key is unknown, and a fault.
    let hash = if stored { secret(hash_key).map(Credential::Hashed) } else { None };
    plain.or(hash).unwrap_or_default()
}

/// RFC 6750, section 2.1: what can stand after `Bearer `.
fn is_bearer_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)
}
