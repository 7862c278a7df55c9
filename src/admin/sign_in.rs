//! The way in from the network: the sign-in page, and the set-up page of a box without staff. Both work
//! without script, so they post forms here and not JSON to the API; what decides is the same.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use askama::Template;

use super::posted::Pairs;
use crate::desk::Secret;
use crate::gateway::{Caller, Refused, Request, Response};

/// A future of the door.
pub type Entering<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Somebody who wants to sign in: what `POST /api/v1/login` takes.
pub struct SignIn {
    /// The username.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The one-time code, when one was typed.
    pub totp: Option<Secret>,
    /// Where it comes from, for the limit of failures.
    pub peer: IpAddr,
}

/// A sign-in that went well.
pub struct Way {
    /// The `Set-Cookie` value.
    pub cookie: String,
    /// Whether one-time codes must be set up before anything else.
    pub must_set_up: bool,
}

/// Somebody who sets up a box that has no staff yet.
pub struct SetUp {
    /// The one-time code of the log and of `DIR/setup-code`.
    pub code: Secret,
    /// The name people see.
    pub name: String,
    /// The username.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Where it comes from.
    pub peer: IpAddr,
}

/// Who decides about the way in: the shell, with the same code and the same limits as `POST /api/v1/login`.
pub trait Door: Send + Sync + 'static {
    /// A sign-in, or why not.
    fn sign_in(&self, who: SignIn) -> Entering<Result<Way, Refused>>;

    /// Ends a sign-in and its sockets.
    fn sign_out(&self, caller: &Caller) -> Entering<()>;

    /// Whether there are no staff yet and the set-up code is asked for.
    fn needs_set_up(&self) -> bool;

    /// Makes the first admin and signs them in.
    fn set_up(&self, who: SetUp) -> Entering<Result<String, Refused>>;
}

#[derive(Default, Template)]
#[template(path = "sign_in.html", config = "src/admin/askama.toml")]
struct SignInPage {
    is_set_up: bool,
    fault: Option<String>,
    then: String,
    name: String,
    username: String,
}

/// Where the sign-in page sends people who are signed in already, and those it was not asked by anybody for.
pub(super) const HOME: &str = "/admin/";

/// Where everybody's own password and codes are.
pub(super) const ACCOUNT: &str = "/admin/account";

/// The page.
pub(super) fn show(door: &dyn Door, request: &Request) -> Response {
    let then = request.query("then").filter(|then| is_ours(then)).unwrap_or_else(|| HOME.to_owned());
    respond(200, SignInPage { is_set_up: door.needs_set_up(), then, ..SignInPage::default() })
}

/// The same in place of a page that wants a sign-in, for a client that says nothing of what it reads.
pub(super) fn unasked(door: &dyn Door, request: &Request) -> Response {
    let page =
        SignInPage { is_set_up: door.needs_set_up(), then: request.path.clone(), ..SignInPage::default() };
    respond(401, page)
}

/// Takes the form of the sign-in page.
pub(super) async fn enter(door: &dyn Door, request: &Request) -> Response {
    let form = match form(request) {
        Ok(form) => form,
        Err(refused) => return refused.into(),
    };
    let then = Some(form.text("then")).filter(|then| is_ours(then)).unwrap_or(HOME).to_owned();
    let username = form.text("username").trim().to_owned();
    let totp = Some(form.text("totp").trim()).filter(|totp| !totp.is_empty()).map(Secret::new);
    let password = Secret::new(form.text("password"));
    let who = SignIn { username: username.clone(), password, totp, peer: request.peer };
    match door.sign_in(who).await {
        Ok(Way { cookie, must_set_up }) => {
            let to = if must_set_up { ACCOUNT } else { &then };
            see(to).with_header("set-cookie", &cookie)
        }
        Err(refused) => {
            let fault = Some(words(&refused));
            let page = SignInPage { fault, then, username, ..SignInPage::default() };
            waiting(respond(refused.status, page), &refused)
        }
    }
}

/// Takes the form of the set-up page.
pub(super) async fn set_up(door: &dyn Door, request: &Request) -> Response {
    let form = match form(request) {
        Ok(form) => form,
        Err(refused) => return refused.into(),
    };
    if !door.needs_set_up() {
        return see("/admin/sign-in");
    }
    let (name, username) = (form.text("name").trim().to_owned(), form.text("username").trim().to_owned());
    let who = SetUp {
        code: Secret::new(form.text("code").trim()),
        name: name.clone(),
        username: username.clone(),
        password: Secret::new(form.text("password")),
        peer: request.peer,
    };
    match door.set_up(who).await {
        Ok(cookie) => see(HOME).with_header("set-cookie", &cookie),
        Err(refused) => {
            let (fault, then) = (Some(words(&refused)), HOME.to_owned());
            let page = SignInPage { is_set_up: true, fault, then, name, username };
            waiting(respond(refused.status, page), &refused)
        }
    }
}

/// An answer that sends the browser to another page of ours.
pub(super) fn see(address: &str) -> Response {
    Response::empty(303).with_header("location", address)
}

/// Whether an address is a page of the admin's, and nothing that a browser could read as another site.
pub(super) fn is_ours(address: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~%?=&+".contains(&byte);
    address.starts_with("/admin/")
        && address.len() <= 512
        && !address.contains("//")
        && address.bytes().all(fits)
}

/// A form of one of these two pages. A page elsewhere could sign somebody in as somebody else: so the
/// browser must say that it comes from the box's own.
fn form(request: &Request) -> Result<Pairs, Refused> {
    if !request.own_origin {
        return Err(Refused::new(403, "forbidden", "This form comes from another site."));
    }
    let text = std::str::from_utf8(&request.body).ok();
    text.and_then(|text| Pairs::parse(text).ok())
        .ok_or_else(|| Refused::new(400, "bad_request", "This is no form."))
}

fn respond(status: u16, page: SignInPage) -> Response {
    match page.render() {
        Ok(html) => Response::html(status, html),
        Err(_) => Response::error(500, "unavailable", "The page could not be written."),
    }
}

fn waiting(response: Response, refused: &Refused) -> Response {
    match refused.retry_after {
        Some(wait) => {
            response.with_header("retry-after", &wait.as_millis().div_ceil(1000).max(1).to_string())
        }
        None => response,
    }
}

fn words(refused: &Refused) -> String {
    match refused.retry_after {
        Some(wait) => {
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            format!("Too many attempts. Try again in {seconds} s.")
        }
        None => refused.message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_a_page_of_the_admins_is_gone_to() {
        for ours in ["/admin/", "/admin/queues/front?saved=3", "/admin/people/a%40b"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in
            ["", "/", "//x.example/admin/", "https://x.example", "/admin//x", "/admin/\\x", "/admin/\r\nx: y"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }
}
