//! Where the box is met and by which certificate (REQ B-10): its own authority, or a certificate one brings.

use std::borrow::Cow;

use askama::Template;

use super::exchange::{Asked, Outcome, Reply, page};
use super::frame::{Frame, stamp, zone};
use super::keeper::{Certificate, Site};
use super::pages::Pages;
use crate::desk::Secret;

/// Days before its end from which a certificate is warned about.
const WARN_DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "addresses.html", config = "src/admin/askama.toml")]
struct AddressesPage {
    frame: Frame,
    site: Site,
    until: String,
    /// Days left; none when it is not nearly over.
    days_left: Option<i64>,
    fault: Option<String>,
    /// What was typed; the key is never shown again.
    chain: String,
    done: bool,
}

/// The page.
pub(super) fn show(pages: &Pages, asked: &Asked) -> Outcome {
    render(pages, asked, None, 200)
}

/// The authority's certificate.
pub(super) fn authority(pages: &Pages) -> Outcome {
    let pem = pages.keeper.site()?.authority.pem;
    Ok(Reply::File {
        name: Some("deskbell-ca.crt"),
        content_type: "application/x-x509-ca-cert",
        bytes: Cow::Owned(pem.into_bytes()),
    })
}

/// Takes a certificate, or goes back to the box's own.
pub(super) fn save(pages: &Pages, asked: &Asked) -> Outcome {
    let by = &asked.visitor.actor;
    let result = if asked.form.text("act") == "own" {
        pages.keeper.use_own_certificate(by)
    } else {
        let lines = |name| asked.form.text(name).replace("\r\n", "\n");
        pages.keeper.use_certificate(by, &lines("chain"), &Secret::new(&lines("key")))
    };
    match result {
        Ok(()) => Ok(Reply::See("/admin/addresses?done".to_owned())),
        Err(refusal) => render(pages, asked, Some(refusal.0), 422),
    }
}

fn render(pages: &Pages, asked: &Asked, fault: Option<String>, status: u16) -> Outcome {
    let held = pages.keeper.held()?;
    let site = pages.keeper.site()?;
    let now = pages.keeper.clock()?.now;
    let days = days_left(&site.certificate, now);
    let template = AddressesPage {
        frame: Frame::new(pages, asked, &held, "addresses", "Addresses and certificates")?,
        until: stamp(site.certificate.until, &zone(&held.desk)),
        days_left: (days < WARN_DAYS).then_some(days),
        site,
        fault,
        chain: asked.form.text("chain").to_owned(),
        done: asked.query.get("done").is_some(),
    };
    page(status, &template)
}

/// Whole days until a certificate ends; below 0 when it is over.
pub(super) fn days_left(certificate: &Certificate, now: jiff::Timestamp) -> i64 {
    (certificate.until.as_second() - now.as_second()).div_euclid(86_400)
}
