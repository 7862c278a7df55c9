//! One's own sign-in: password, one-time codes, recovery codes; and everybody's, for an admin who helps out.
//! Works without script, and before a sign-in that must have codes is whole.

use askama::Template;

use super::exchange::{Asked, Outcome, Refused, Reply, page};
use super::frame::Frame;
use super::keeper::{Account, Actor, Keep, Refusal, Secrets};
use super::pages::Pages;
use crate::desk::Secret;

#[derive(Template)]
#[template(path = "account.html", config = "src/admin/askama.toml")]
struct AccountPage {
    frame: Frame,
    /// None for whoever came by the socket itself.
    own: Option<Account>,
    /// Codes must be set up before anything else.
    waits: bool,
    fault: Option<String>,
    done: &'static str,
    secrets: Option<Secrets>,
    codes: Vec<String>,
    others: Vec<Account>,
}

/// What a page is shown with beside what is always there.
#[derive(Default)]
struct Shown {
    fault: Option<String>,
    done: &'static str,
    secrets: Option<Secrets>,
    codes: Vec<String>,
}

fn show_with(pages: &Pages, asked: &Asked, status: u16, shown: Shown) -> Outcome {
    let held = pages.keeper.held()?;
    let accounts = pages.keeper.accounts()?;
    let actor = asked.visitor.actor.name();
    let own = accounts.iter().find(|account| account.username == actor).cloned();
    let waits = own.as_ref().is_some_and(|own| own.required && !own.totp);
    // Whoever waits for this is no admin yet.
    let others = if waits { Vec::new() } else { accounts };
    let template = AccountPage {
        frame: Frame::new(pages, asked, &held, "account", "Sign-in")?,
        own,
        waits,
        fault: shown.fault,
        done: shown.done,
        secrets: shown.secrets,
        codes: shown.codes,
        others,
    };
    page(status, &template)
}

/// The page.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    let done = match asked.query.text("done") {
        "password" => "Your password is changed. Everywhere else you are signed out.",
        "off" => "One-time codes are no longer asked for.",
        "reset" => "Their one-time codes are taken away, and they are signed out.",
        _ => "",
    };
    show_with(pages, asked, 200, Shown { done, ..Shown::default() })
}

fn refused(pages: &Pages, asked: &Asked, refusal: Refusal) -> Outcome {
    show_with(pages, asked, 422, Shown { fault: Some(refusal.0), ..Shown::default() })
}

/// Whoever sits at the box has no account here.
fn somebody(asked: &Asked) -> Result<&Actor, Refused> {
    match &asked.visitor.actor {
        actor if *actor == Actor::local() => Err(Refused::new(
            403,
            "You have no sign-in here",
            "On the box itself accounts are changed with deskbell user.",
        )),
        actor => Ok(actor),
    }
}

/// The sign-in of this very page stays.
fn this(pages: &Pages, asked: &Asked) -> Keep {
    let (key, session) = (pages.key.clone(), asked.visitor.session.clone());
    Box::new(move |token| key.session(token) == session)
}

/// Takes a new password.
pub(super) fn password(pages: &Pages, asked: &Asked) -> Outcome {
    let by = somebody(asked)?;
    let (new, again) = (asked.form.text("new"), asked.form.text("again"));
    if new != again {
        return refused(
            pages,
            asked,
            Refusal("The two new passwords differ. Nothing was changed.".to_owned()),
        );
    }
    let current = Secret::new(asked.form.text("current"));
    match pages.keeper.change_password(by, this(pages, asked), &current, &Secret::new(new)) {
        Ok(()) => Ok(Reply::See("/admin/account?done=password".to_owned())),
        Err(refusal) => refused(pages, asked, refusal),
    }
}

/// Shows a secret for an authenticator.
pub(super) fn begin(pages: &Pages, asked: &Asked) -> Outcome {
    let by = somebody(asked)?;
    let accounts = pages.keeper.accounts()?;
    let waits = accounts.iter().any(|own| own.username == by.name() && own.required && !own.totp);
    let password = Secret::new(asked.form.text("password"));
    match pages.keeper.begin_totp(by, (!waits).then_some(&password)) {
        Ok(secrets) => show_with(pages, asked, 200, Shown { secrets: Some(secrets), ..Shown::default() }),
        Err(refusal) => refused(pages, asked, refusal),
    }
}

/// Takes the first code of it.
pub(super) fn confirm(pages: &Pages, asked: &Asked) -> Outcome {
    let by = somebody(asked)?;
    match pages.keeper.confirm_totp(by, this(pages, asked), asked.form.text("code")) {
        Ok(codes) => {
            let done = "One-time codes are asked for from now on. Everywhere else you are signed out.";
            show_with(pages, asked, 200, Shown { done, codes, ..Shown::default() })
        }
        Err(refusal) => refused(pages, asked, refusal),
    }
}

/// New recovery codes.
pub(super) fn renew(pages: &Pages, asked: &Asked) -> Outcome {
    let by = somebody(asked)?;
    match pages.keeper.renew_recovery(by, &Secret::new(asked.form.text("password"))) {
        Ok(codes) => {
            let done = "The recovery codes from before are good no more.";
            show_with(pages, asked, 200, Shown { done, codes, ..Shown::default() })
        }
        Err(refusal) => refused(pages, asked, refusal),
    }
}

/// No codes any more.
pub(super) fn end(pages: &Pages, asked: &Asked) -> Outcome {
    let by = somebody(asked)?;
    let password = Secret::new(asked.form.text("password"));
    match pages.keeper.end_totp(by, by.name(), this(pages, asked), Some(&password)) {
        Ok(()) => Ok(Reply::See("/admin/account?done=off".to_owned())),
        Err(refusal) => refused(pages, asked, refusal),
    }
}

/// Takes away the codes of somebody who has lost them.
pub(super) fn reset(pages: &Pages, asked: &Asked, username: &str) -> Outcome {
    let by = &asked.visitor.actor;
    if by.name() == username {
        return refused(
            pages,
            asked,
            Refusal("Your own are taken away with your password, above.".to_owned()),
        );
    }
    match pages.keeper.end_totp(by, username, Box::new(|_| false), None) {
        Ok(()) => Ok(Reply::See("/admin/account?done=reset".to_owned())),
        Err(refusal) => refused(pages, asked, refusal),
    }
}
