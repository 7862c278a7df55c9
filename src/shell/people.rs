//! What members of staff do with their own sign-in: password, authenticator, recovery codes; and what the desk
//! asks of a role. Whoever changes it ends everything else she is signed in by.
//!
//! The password stands in the desk, in every version of its history as a hash; the second thing stands in the
//! table `Users` and nowhere else.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Shell;
use super::board::Board;
use super::clock::real_wall_ms;
use super::door::Door;
use super::one_time::{self, Enrolment};
use super::records::User;
use crate::agent::answer::message;
use crate::desk::{Agent, Credential, Desk, Id, Secret};
use crate::engine::refusal::Refusal;
use crate::gateway::{Attempt, PASSWORD_BYTES_MAX, PasswordFault, Passwords, Refused, SignIns, TokenHash};
use crate::limits::PASSWORD_CHARS_MIN;
use crate::store::Table;

/// How long a secret that was shown waits for its first code.
const ENROLMENT_MS: i64 = 10 * 60 * 1000;

/// Says which of somebody's tokens stay.
pub(crate) type Keep = Box<dyn Fn(&TokenHash) -> bool + Send>;

/// What a right password leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// In.
    Fine,
    /// A code is asked for.
    Wanted,
    /// Not this one.
    Wrong,
    /// The desk asks this role for codes, and none are set up yet.
    SetUp,
}

/// How somebody signs in, without any secret.
#[derive(Clone, Debug)]
pub(crate) struct SignInState {
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) totp: bool,
    /// Whether the desk asks one of her roles for it.
    pub(crate) required: bool,
    pub(crate) recovery_codes: usize,
}

/// The way to them, for HTTP calls and admin pages alike.
#[derive(Clone)]
pub(super) struct People {
    pub(super) door: Door,
    pub(super) board: Arc<Board>,
    pub(super) passwords: Arc<Passwords>,
    pub(super) sign_ins: Arc<SignIns>,
}

fn refused(status: u16, refusal: Refusal, text: &'static str) -> Refused {
    Refused::new(status, refusal.code(), text)
}

fn unavailable() -> Refused {
    Refused::new(503, Refusal::Unavailable.code(), message(Refusal::Unavailable))
}

fn wrong() -> Refused {
    refused(401, Refusal::Unauthorized, "The password is wrong.")
}

impl People {
    /// Begins an attempt that counts as failed until it is said to have been right.
    pub(super) fn attempt(&self, username: &str, peer: IpAddr) -> Result<Attempt, Refused> {
        self.sign_ins.begin(username, peer, real_wall_ms().unsigned_abs()).map_err(|wait| {
            refused(429, Refusal::RateLimited, "Too many failed sign-ins; wait a moment.").retry_after(wait)
        })
    }

    /// Whether this is somebody's password. Nobody's costs as much.
    pub(super) async fn is_right(&self, username: &str, password: String) -> Result<bool, Refused> {
        let desk = self.board.desk();
        let stored = desk.agent(username).and_then(|agent| agent.password.hash()).map(str::to_owned);
        match self.passwords.verify(password, stored).await {
            Ok(right) => Ok(right && desk.agent(username).is_some()),
            Err(PasswordFault::Busy) => Err(refused(503, Refusal::Unavailable, "Too many sign-ins at once.")
                .retry_after(Duration::from_secs(1))),
            Err(fault) => {
                log::error!("a password could not be checked: {fault}");
                Ok(false)
            }
        }
    }

    /// Asks for the password again, before something that must not be done at an unlocked screen.
    async fn prove(&self, username: &str, password: String, peer: IpAddr) -> Result<(), Refused> {
        let attempt = self.attempt(username, peer)?;
        if !self.is_right(username, password).await? {
            return Err(wrong());
        }
        self.sign_ins.succeeded(attempt);
        Ok(())
    }

    pub(super) async fn state(&self, username: &str) -> Result<SignInState, Refused> {
        let owner = username.to_owned();
        let state = self.door.ask(move |shell| shell.sign_in_state(&owner)).await.ok_or_else(unavailable)?;
        state.ok_or_else(|| refused(403, Refusal::Forbidden, "This token is not a member of staff's."))
    }

    pub(super) async fn change_password(
        &self,
        username: &str,
        current: String,
        new: String,
        peer: IpAddr,
        keep: Keep,
    ) -> Result<(), Refused> {
        if new.chars().count() < PASSWORD_CHARS_MIN || new.len() > PASSWORD_BYTES_MAX.min(256) {
            return Err(refused(422, Refusal::BadRequest, "A password has 8 to 256 characters."));
        }
        if new.chars().any(char::is_control) {
            return Err(refused(422, Refusal::BadRequest, "A password holds no control characters."));
        }
        self.prove(username, current, peer).await?;
        let hash = self.passwords.hash(new).await.map_err(|_| unavailable())?;
        let owner = username.to_owned();
        let done = self.door.change(move |shell| shell.set_password(&owner, &hash, keep)).await;
        if done.ok_or_else(unavailable)? { Ok(()) } else { Err(wrong()) }
    }

    /// A new secret, which counts once a code of it has come. Without a password from somebody who has just
    /// given it: whose role must have codes and who has none yet.
    pub(super) async fn begin_totp(
        &self,
        username: &str,
        password: Option<String>,
        peer: IpAddr,
    ) -> Result<Enrolment, Refused> {
        if let Some(password) = password {
            self.prove(username, password, peer).await?;
        }
        let owner = username.to_owned();
        let begun = self.door.change(move |shell| shell.begin_totp(&owner)).await;
        begun.flatten().ok_or_else(unavailable)
    }

    /// The first code: from now on they are asked for. The recovery codes.
    pub(super) async fn confirm_totp(
        &self,
        username: &str,
        code: String,
        peer: IpAddr,
        keep: Keep,
    ) -> Result<Vec<String>, Refused> {
        let attempt = self.attempt(username, peer)?;
        let owner = username.to_owned();
        let confirmed = self.door.change(move |shell| shell.confirm_totp(&owner, &code, keep)).await;
        let codes = confirmed.ok_or_else(unavailable)?.ok_or_else(|| {
            refused(
                422,
                Refusal::BadRequest,
                "This is not the code: look at the newest, and at the clock of the phone.",
            )
        })?;
        self.sign_ins.succeeded(attempt);
        Ok(codes)
    }

    /// No codes any more, by her own act.
    pub(super) async fn end_totp(
        &self,
        username: &str,
        password: String,
        peer: IpAddr,
        keep: Keep,
    ) -> Result<(), Refused> {
        if self.state(username).await?.required {
            return Err(refused(403, Refusal::NotAllowed, "Your role must have one-time codes."));
        }
        self.prove(username, password, peer).await?;
        let owner = username.to_owned();
        let done = self.door.change(move |shell| shell.end_totp(&owner, &owner, keep)).await;
        done.map(drop).ok_or_else(unavailable)
    }

    /// New recovery codes in the place of those there are.
    pub(super) async fn renew_recovery(
        &self,
        username: &str,
        password: String,
        peer: IpAddr,
    ) -> Result<Vec<String>, Refused> {
        self.prove(username, password, peer).await?;
        let owner = username.to_owned();
        let codes =
            self.door.change(move |shell| shell.renew_recovery(&owner)).await.ok_or_else(unavailable)?;
        codes.ok_or_else(|| refused(409, Refusal::NotAllowed, "There are no one-time codes set up."))
    }
}

/// Whether the desk asks a member of staff for one-time codes.
fn is_required(desk: &Desk, agent: &Agent) -> bool {
    agent.roles.iter().any(|role| desk.totp_required.contains(role))
}

impl Shell {
    /// After the right password: what else there is to ask. A code that fits is spent.
    pub(super) fn second(&mut self, username: &str, code: Option<&str>) -> Second {
        let Some(agent) = self.desk.agent(username) else { return Second::Wrong };
        let required = is_required(&self.desk, agent);
        match (self.users.get_mut(username).filter(|user| user.has_totp()), code) {
            (None, _) if required => Second::SetUp,
            (None, _) => Second::Fine,
            (Some(_), None) => Second::Wanted,
            (Some(user), Some(code)) => {
                if !user.take(code, real_wall_ms() / 1000) {
                    return Second::Wrong;
                }
                let user = user.clone();
                self.put(Table::Users, username.as_bytes(), &user);
                Second::Fine
            }
        }
    }

    pub(super) fn sign_in_state(&self, username: &str) -> Option<SignInState> {
        let agent = self.desk.agent(username)?;
        let user = self.users.get(username);
        Some(SignInState {
            username: username.to_owned(),
            name: agent.name.clone(),
            totp: user.is_some_and(User::has_totp),
            required: is_required(&self.desk, agent),
            recovery_codes: user.map_or(0, |user| user.recovery.len()),
        })
    }

    pub(super) fn sign_in_states(&self) -> Vec<SignInState> {
        self.desk.agents.iter().filter_map(|agent| self.sign_in_state(agent.username.as_str())).collect()
    }

    fn set_password(&mut self, username: &str, hash: &str, keep: Keep) -> bool {
        let mut new = (*self.desk).clone();
        let Some(agent) = new.agent_mut(username) else { return false };
        agent.password = Credential::Hashed(Secret::new(hash));
        // A hash takes the place of one as long.
        if let Err(error) = self.put_desk(&new, username) {
            log::error!("a password was not changed: {error}");
            return false;
        }
        let new = Arc::new(new);
        self.desk = Arc::clone(&new);
        self.board.show(new);
        self.audit(username, "password", username.to_owned(), String::new());
        self.end_others(username, keep);
        true
    }

    fn begin_totp(&mut self, username: &str) -> Option<Enrolment> {
        self.desk.agent(username)?;
        let secret = one_time::new_secret().ok()?;
        let now_ms = real_wall_ms();
        self.enrolling.retain(|_, (_, until_ms)| *until_ms > now_ms);
        let enrolment = Enrolment::new(&secret, username, &self.desk.name);
        self.enrolling.insert(username.to_owned(), (secret, now_ms + ENROLMENT_MS));
        Some(enrolment)
    }

    fn confirm_totp(&mut self, username: &str, code: &str, keep: Keep) -> Option<Vec<String>> {
        let now_ms = real_wall_ms();
        let (secret, _) = self.enrolling.get(username).filter(|(_, until_ms)| *until_ms > now_ms)?;
        let last_step = one_time::step_of(secret, code, now_ms / 1000, 0)?;
        let (codes, recovery) = one_time::new_recovery().ok()?;
        let (secret, _) = self.enrolling.remove(username)?;
        let user = User { secret: Some(secret), last_step, recovery };
        self.put_user(username, user);
        self.audit(username, "totp_on", username.to_owned(), String::new());
        self.end_others(username, keep);
        Some(codes)
    }

    /// Somebody's codes are taken away: by herself, by an admin, by whoever sits at the box.
    pub(super) fn end_totp(&mut self, by: &str, username: &str, keep: Keep) -> bool {
        if self.users.remove(username).is_none() {
            return false;
        }
        self.delete(Table::Users, username.as_bytes());
        self.audit(by, "totp_off", username.to_owned(), String::new());
        self.end_others(username, keep);
        true
    }

    /// Codes for somebody else, at the box itself: what is to be handed over.
    pub(super) fn give_totp(&mut self, by: &str, username: &str) -> Option<String> {
        let enrolment = self.begin_totp(username)?;
        let (secret, _) = self.enrolling.remove(username)?;
        let (codes, recovery) = one_time::new_recovery().ok()?;
        self.put_user(username, User { secret: Some(secret), last_step: 0, recovery });
        self.audit(by, "totp_on", username.to_owned(), String::new());
        self.end_others(username, |_| false);
        Some(super::offline::told(&enrolment, &codes))
    }

    fn renew_recovery(&mut self, username: &str) -> Option<Vec<String>> {
        let (codes, recovery) = one_time::new_recovery().ok()?;
        let mut user = self.users.get(username).filter(|user| user.has_totp())?.clone();
        user.recovery = recovery;
        self.put_user(username, user);
        self.audit(username, "recovery_codes", username.to_owned(), String::new());
        Some(codes)
    }

    fn put_user(&mut self, username: &str, user: User) {
        self.put(Table::Users, username.as_bytes(), &user);
        self.users.insert(username.to_owned(), user);
    }

    /// Whoever the desk no longer has leaves nothing to sign in with.
    pub(super) fn forget_users(&mut self) {
        let gone: Vec<String> =
            self.users.keys().filter(|username| self.desk.agent(username).is_none()).cloned().collect();
        for username in gone {
            self.users.remove(&username);
            self.delete(Table::Users, username.as_bytes());
        }
    }
}
