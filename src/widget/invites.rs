//! What a site's loader tells when it asks whether its visitor is to be invited (S1-2).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::frames::{bounded, context};
use crate::engine::refusal::Refusal;
use crate::limits::{INVITE_PATH_MAX, URL_BYTES_MAX};
use crate::shell::card::ContextValue;

/// The question, within its limits.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// A random id the loader made.
    pub visitor: Option<String>,
    /// Only this rule.
    pub rule: Option<String>,
    /// Address of the page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where the visitor came from.
    pub referrer: String,
    /// Seconds on this page.
    pub seconds_on_page: f64,
    /// Seconds on the site.
    pub seconds_on_site: Option<f64>,
    /// How far the page was scrolled, in percent.
    pub scroll: Option<f64>,
    /// Is the pointer leaving the page?
    pub leaving: bool,
    /// Visits so far.
    pub visits: Option<u32>,
    /// Addresses seen before, oldest first.
    pub path: Vec<String>,
    /// Context variables.
    pub context: Vec<(String, ContextValue)>,
    /// The visitor's language, as her browser says.
    pub language: String,
    /// The language to speak to her: the page's own, else hers.
    pub locale: String,
    /// Her browser.
    pub user_agent: String,
    /// Who she is, signed by the site; only asked for where a rule wants to know.
    pub jwt: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    visitor: Option<String>,
    rule: Option<String>,
    page: BodyPage,
    seconds_on_page: f64,
    seconds_on_site: Option<f64>,
    scroll: Option<f64>,
    leaving: Option<bool>,
    visits: Option<u32>,
    path: Option<Vec<String>>,
    context: Option<Map<String, Value>>,
    locale: Option<String>,
    jwt: Option<String>,
}

#[derive(Deserialize)]
struct BodyPage {
    url: String,
    title: Option<String>,
    referrer: Option<String>,
}

/// Reads the body of the invites call.
///
/// # Errors
/// [`Refusal::BadRequest`] for anything but the promised shape, [`Refusal::TooLong`] past the limits.
pub fn parse(body: &[u8], language: &str, user_agent: &str) -> Result<Ask, Refusal> {
    // Serde takes an array for a struct; the contract does not.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::BadRequest);
    }
    let body: Body = serde_json::from_slice(body).map_err(|_| Refusal::BadRequest)?;
    let path = body.path.unwrap_or_default();
    if path.len() > INVITE_PATH_MAX || body.visitor.as_ref().is_some_and(|visitor| visitor.len() > 128) {
        return Err(Refusal::TooLong);
    }
    let counted = [Some(body.seconds_on_page), body.seconds_on_site, body.scroll];
    if counted.into_iter().flatten().any(|number| !number.is_finite() || number < 0.0) {
        return Err(Refusal::BadRequest);
    }
    let kept = |text: Option<&str>| bounded(text.unwrap_or_default(), URL_BYTES_MAX);
    Ok(Ask {
        visitor: body.visitor,
        rule: body.rule,
        url: kept(Some(&body.page.url)),
        title: kept(body.page.title.as_deref()),
        referrer: kept(body.page.referrer.as_deref()),
        seconds_on_page: body.seconds_on_page,
        seconds_on_site: body.seconds_on_site,
        scroll: body.scroll,
        leaving: body.leaving.unwrap_or(false),
        visits: body.visits,
        path: path.iter().map(|url| kept(Some(url))).collect(),
        context: context(body.context.as_ref())?,
        locale: bounded(body.locale.as_deref().unwrap_or(language), 35),
        language: bounded(language, 35),
        user_agent: bounded(user_agent, 256),
        jwt: body.jwt,
    })
}
