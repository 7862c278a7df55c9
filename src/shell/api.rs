//! The routes of the box: which call meets which question to the desk thread.
//!
//! Handlers run on the gateway's executors. They read the body, ask the desk thread over its door, and read
//! the store beside it; nothing here decides anything.

mod articles;
mod audit;
mod calls;
mod clock;
mod contact;
mod conversations;
mod desk;
mod entrance;
mod figures;
mod hooks;
mod ledger;
mod login;
mod me;
mod open;
mod staff;
mod work;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use serde::de::DeserializeOwned;

use super::board::Board;
use super::clock::real_wall_ms;
use super::door::Door;
use super::people::People;
use super::reads::Readers;
use super::tokens::Tokens;
use crate::admin::{Forwarder, StartKey};
use crate::engine::refusal::Refusal;
use crate::gateway::rate::{INVITES, Rates};
use crate::gateway::{
    Access, Face, Gateway, Handler, Method, Refused, Request, Response, Role, Route, Router, SignIns,
    handler, jwt, source_of,
};
use crate::limits::{DESK_FILE_BYTES_MAX, HOOK_BYTES_MAX, RATE_RECORDS_MAX, WORK_ITEM_BYTES_MAX};
use crate::ops::profile::Profile;

/// What the handlers share.
pub(super) struct Surface {
    /// The way to the desk thread.
    pub(super) door: Door,
    /// The desk in force.
    pub(super) board: Arc<Board>,
    /// Who is signed in.
    pub(super) tokens: Arc<Tokens>,
    /// Where the store is read.
    pub(super) readers: Readers,
    /// The box's own authority.
    pub(super) authority: crate::admin::Authority,
    /// Signs for the demo's portal page.
    pub(super) signer: Option<Arc<jwt::DemoSigner>>,
    /// The gateway, once it runs, for its counters.
    pub(super) gateway: Arc<OnceLock<Weak<Gateway>>>,
    /// The way to what staff do with their own sign-in.
    pub(super) people: People,
    /// Where the admin pages listen, and the secret they share with the gateway.
    pub(super) admin: (PathBuf, StartKey),
    /// The set-up code, when the box started without staff.
    pub(super) set_up: Option<super::set_up::Code>,
    /// `https://…` of the public face, which providers sign their calls to.
    pub(super) public_url: String,
    /// Loopback has no limit by address (`demo`).
    pub(super) loopback_unlimited: bool,
    /// How much fits.
    pub(super) profile: Profile,
    /// The public face's certificate.
    pub(super) public: Arc<super::certificate::PublicCertificate>,
}

struct Shared {
    surface: Surface,
    people: People,
    sign_ins: Arc<SignIns>,
    invites: Mutex<Rates<IpAddr>>,
}

/// The whole route table.
pub(super) fn router(surface: Surface) -> Router {
    let board = Arc::clone(&surface.board);
    let demo = surface.signer.is_some();
    let shared = Arc::new(Shared {
        sign_ins: Arc::clone(&surface.people.sign_ins),
        people: surface.people.clone(),
        invites: Mutex::new(Rates::new(INVITES, RATE_RECORDS_MAX)),
        surface,
    });
    let to = |function: fn(Arc<Shared>, Request) -> Answering| -> Handler {
        let shared = Arc::clone(&shared);
        handler(move |request| function(Arc::clone(&shared), request))
    };
    let staff = |method, path, roles, function| {
        Route::new(method, path, Face::Staff, Access::Role(roles), to(function))
    };
    let own = |method, path, function| {
        Route::new(method, path, Face::Staff, Access::SignedIn, to(function)).body_bytes_max(SMALL_BODY)
    };
    const SUPERVISORS: &[Role] = &[Role::Supervisor, Role::Admin];
    const STAFF: &[Role] = &[Role::Agent, Role::Supervisor, Role::Admin];
    const SMALL_BODY: usize = 16 * 1024;
    let mut routes = crate::widget::assets::routes(demo);
    routes.extend([
        Route::new(
            Method::Get,
            "/healthz",
            Face::Both,
            Access::Anyone,
            to(|s, r| Box::pin(open::health(s, r))),
        ),
        Route::new(Method::Get, "/ca.crt", Face::Both, Access::Anyone, to(|s, r| Box::pin(open::ca(s, r)))),
        Route::new(Method::Get, "/trust", Face::Both, Access::Anyone, to(|s, r| Box::pin(open::trust(s, r)))),
        staff(Method::Get, "/api/v1/audit", &[Role::Admin], |s, r| Box::pin(audit::page(s, r))),
        staff(Method::Get, "/metrics", &[Role::Metrics, Role::Admin], |s, r| Box::pin(open::metrics(s, r))),
        Route::new(
            Method::Get,
            "/widget/{id}",
            Face::Public,
            Access::Anyone,
            to(|s, r| Box::pin(open::page(s, r))),
        )
        .embeddable(),
        Route::new(
            Method::Get,
            "/api/v1/widgets/{id}",
            Face::Public,
            Access::Anyone,
            to(|s, r| Box::pin(open::settings(s, r))),
        )
        .cors(),
        Route::new(
            Method::Post,
            "/api/v1/widgets/{id}/invites",
            Face::Public,
            Access::Anyone,
            to(|s, r| Box::pin(open::invite(s, r))),
        )
        .body_bytes_max(SMALL_BODY)
        .cors(),
        Route::new(
            Method::Post,
            "/api/v1/invites/{invite}/dismiss",
            Face::Public,
            Access::Anyone,
            to(|s, r| Box::pin(open::dismiss(s, r))),
        )
        .body_bytes_max(SMALL_BODY)
        .cors(),
        Route::new(
            Method::Post,
            "/api/v1/login",
            Face::Staff,
            Access::Anyone,
            to(|s, r| Box::pin(login::login(s, r))),
        )
        .body_bytes_max(SMALL_BODY),
        Route::new(
            Method::Get,
            "/api/v1/login",
            Face::Staff,
            Access::SignedIn,
            to(|s, r| Box::pin(login::who(s, r))),
        ),
        Route::new(
            Method::Post,
            "/api/v1/logout",
            Face::Staff,
            Access::SignedIn,
            to(|s, r| Box::pin(login::logout(s, r))),
        )
        .body_bytes_max(SMALL_BODY),
        own(Method::Get, "/api/v1/me", |s, r| Box::pin(me::show(s, r))),
        own(Method::Post, "/api/v1/me/password", |s, r| Box::pin(me::password(s, r))),
        own(Method::Post, "/api/v1/me/totp", |s, r| Box::pin(me::begin_totp(s, r))),
        own(Method::Post, "/api/v1/me/totp/confirm", |s, r| Box::pin(me::confirm_totp(s, r))),
        own(Method::Post, "/api/v1/me/totp/off", |s, r| Box::pin(me::end_totp(s, r))),
        own(Method::Post, "/api/v1/me/recovery-codes", |s, r| Box::pin(me::renew_recovery(s, r))),
        staff(Method::Post, "/api/v1/work-items", &[Role::Integration], |s, r| Box::pin(work::create(s, r)))
            .body_bytes_max(WORK_ITEM_BYTES_MAX),
        staff(Method::Get, "/api/v1/work-items", &[Role::Integration], |s, r| Box::pin(work::list(s, r))),
        staff(Method::Get, "/api/v1/work-items/{id}", &[Role::Integration], |s, r| Box::pin(work::get(s, r))),
        staff(Method::Get, "/api/v1/conversations", STAFF, |s, r| Box::pin(conversations::find(s, r))),
        staff(Method::Get, "/api/v1/conversations/{id}", SUPERVISORS, |s, r| {
            Box::pin(staff::conversation(s, r))
        }),
        staff(Method::Get, "/api/v1/conversations/{id}/routing", SUPERVISORS, |s, r| {
            Box::pin(staff::routing(s, r))
        }),
        staff(Method::Get, "/api/v1/articles/{id}", STAFF, |s, r| Box::pin(articles::article(s, r))),
        staff(Method::Post, "/api/v1/articles/{id}/shares", STAFF, |s, r| Box::pin(articles::share(s, r)))
            .body_bytes_max(SMALL_BODY),
        Route::new(
            Method::Get,
            "/a/{key}",
            Face::Public,
            Access::Anyone,
            to(|s, r| Box::pin(articles::page(s, r))),
        ),
        staff(Method::Get, "/api/v1/ledger", STAFF, |s, r| Box::pin(ledger::page(s, r))),
        staff(Method::Get, "/api/v1/conversations/{id}/transcript", STAFF, |s, r| {
            Box::pin(staff::transcript(s, r))
        }),
        staff(Method::Get, "/api/v1/invites", SUPERVISORS, |s, r| Box::pin(staff::invite_days(s, r))),
        staff(Method::Get, "/api/v1/figures", STAFF, |s, r| Box::pin(figures::report(s, r))),
        staff(Method::Get, "/api/v1/contacts/{id}/export", SUPERVISORS, |s, r| {
            Box::pin(contact::export(s, r))
        }),
        staff(Method::Get, "/api/v1/desk", &[Role::Admin], |s, r| Box::pin(desk::get(s, r))),
        staff(Method::Put, "/api/v1/desk", &[Role::Admin], |s, r| Box::pin(desk::put(s, r)))
            .body_bytes_max(DESK_FILE_BYTES_MAX),
        staff(Method::Post, "/api/v1/clock/trust", &[Role::Admin], |s, r| Box::pin(clock::trust(s, r)))
            .body_bytes_max(SMALL_BODY),
    ]);
    let hook = |method, path, function| {
        Route::new(method, path, Face::Public, Access::Anyone, to(function)).body_bytes_max(HOOK_BYTES_MAX)
    };
    routes.extend([
        hook(Method::Post, "/hooks/sms/{workstream}", |s, r| Box::pin(hooks::sms(s, r))),
        hook(Method::Get, "/hooks/sms/{workstream}", |s, r| Box::pin(hooks::sms_receipt(s, r))),
        hook(Method::Get, "/hooks/messenger/{workstream}", |s, r| Box::pin(hooks::messenger_check(s, r))),
        hook(Method::Post, "/hooks/messenger/{workstream}", |s, r| Box::pin(hooks::messenger(s, r))),
    ]);
    // A PBX stands in the branch or outside it, so both faces take its calls; its token says that it may.
    let pbx = |method, path, function| {
        Route::new(method, path, Face::Both, Access::Role(&[Role::Integration]), to(function))
    };
    routes.extend([
        pbx(Method::Post, "/hooks/calls/{workstream}", |s, r| Box::pin(calls::came(s, r)))
            .body_bytes_max(WORK_ITEM_BYTES_MAX),
        pbx(Method::Get, "/hooks/calls/{workstream}/{call}", |s, r| Box::pin(calls::asked(s, r))),
        pbx(Method::Delete, "/hooks/calls/{workstream}/{call}", |s, r| Box::pin(calls::left(s, r))),
    ]);
    let (socket, key) = &shared.surface.admin;
    let entrance = Arc::new(entrance::Entrance(Arc::clone(&shared)));
    routes.extend(crate::admin::routes(Arc::new(Forwarder::new(socket, key.clone(), entrance))));
    if demo {
        // Before the shop's files: the earlier of two that fit serves.
        routes.insert(
            0,
            Route::new(
                Method::Get,
                "/demo/token",
                Face::Public,
                Access::Anyone,
                to(|s, r| Box::pin(open::demo_token(s, r))),
            ),
        );
    }
    Router::new(routes, move |request, origin| open::may_call(&board, request, origin))
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// A refusal as an HTTP answer.
fn refused(refusal: Refusal) -> Response {
    Refused::new(refusal.status(), refusal.code(), crate::agent::answer::message(refusal)).into_response()
}

/// The box is stopping, or the store is behind.
fn unavailable() -> Response {
    refused(Refusal::Unavailable)
}

/// A body of the promised shape.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Response> {
    // Serde takes an array for a struct; the contract does not.
    let is_object = request.body.trim_ascii_start().starts_with(b"{");
    let read = is_object.then(|| serde_json::from_slice(&request.body).ok()).flatten();
    read.ok_or_else(|| refused(Refusal::BadRequest))
}

impl Shared {
    /// Takes one call of an address from its allowance; the wait, when there is none left.
    fn take_invite(&self, peer: IpAddr) -> Result<(), std::time::Duration> {
        if self.surface.loopback_unlimited && peer.to_canonical().is_loopback() {
            return Ok(());
        }
        let mut rates = self.invites.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take(&source_of(peer), real_wall_ms().unsigned_abs())
    }
}
