//! The security headers: one function, so that no answer leaves without them.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::http::Framing;

/// What the headers of one answer depend on.
pub(super) struct Setting<'a> {
    /// Who may frame it.
    pub(super) framing: &'a Framing,
    /// Whether other sites' pages may use it.
    pub(super) embeddable: bool,
    /// The `Host` header, when it is one of the box's own names.
    pub(super) own_host: Option<&'a str>,
    /// Seconds of HSTS; 0 for none.
    pub(super) hsts_s: u32,
}

/// Adds every security header to an answer. A header that stands there already is replaced, but for
/// `cache-control`: what says nothing about caching is not kept by anybody.
pub(super) fn secure(headers: &mut HeaderMap, setting: &Setting<'_>) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, &content_security_policy(setting));
    match setting.framing {
        Framing::Nobody => set(header::X_FRAME_OPTIONS, "DENY"),
        Framing::Own => set(header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        // The old header cannot name other sites; `frame-ancestors` does.
        Framing::Origins(_) => {}
    }
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        header::REFERRER_POLICY,
        if setting.embeddable { "strict-origin-when-cross-origin" } else { "same-origin" },
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
    );
    let corp = if setting.embeddable { "cross-origin" } else { "same-origin" };
    set(HeaderName::from_static("cross-origin-resource-policy"), corp);
    if !setting.embeddable {
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    if setting.hsts_s > 0 {
        set(header::STRICT_TRANSPORT_SECURITY, &format!("max-age={}", setting.hsts_s));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Nothing but the box's own files, nothing inline.
fn content_security_policy(setting: &Setting<'_>) -> String {
    // `'self'` covers `wss:` in new browsers only.
    let socket = setting.own_host.filter(|host| is_plain(host)).map(|host| format!(" wss://{host}"));
    let ancestors = match setting.framing {
        Framing::Nobody => "'none'".to_owned(),
        Framing::Own => "'self'".to_owned(),
        Framing::Origins(origins) => {
            let fitting =
                origins.iter().filter(|origin| is_origin(origin)).map(|origin| format!(" {origin}"));
            format!("'self'{}", fitting.collect::<String>())
        }
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
         font-src 'self'; connect-src 'self'{}; frame-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}",
        socket.unwrap_or_default()
    )
}

/// Whether text is `https://host` or `https://host:port` and nothing that could end the directive.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(is_plain)
}

fn is_plain(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]*_".contains(&byte);
    !host.is_empty() && host.len() <= 256 && host.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(framing: Framing, embeddable: bool, own_host: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        secure(&mut headers, &Setting { framing: &framing, embeddable, own_host, hsts_s: 60 });
        headers
    }

    fn policy(headers: &HeaderMap) -> String {
        headers["content-security-policy"].to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_inline_and_nothing_from_elsewhere_is_ever_allowed() {
        let all = headers(Framing::Nobody, false, Some("box.example:8443"));
        let policy = policy(&all);
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(policy.contains("connect-src 'self' wss://box.example:8443;"));
        assert!(policy.ends_with("frame-ancestors 'none'"));
        for word in ["unsafe", "http:", "https:", "blob:", "nonce"] {
            assert!(!policy.contains(word), "{word}");
        }
        assert_eq!(all["x-frame-options"], "DENY");
        assert_eq!(all["cache-control"], "no-store");
        assert_eq!(all["strict-transport-security"], "max-age=60");
        assert_eq!(all["cross-origin-resource-policy"], "same-origin");
        assert_eq!(all["cross-origin-opener-policy"], "same-origin");
    }

    #[test]
    fn widget_page_names_the_sites_that_may_frame_it_and_drops_what_is_no_origin() {
        let origins = ["https://shop.example", "https://a.example; script-src *", "javascript:", "https://"];
        let all = headers(Framing::Origins(origins.map(str::to_owned).to_vec()), true, None);
        assert!(policy(&all).ends_with("frame-ancestors 'self' https://shop.example"));
        assert!(!all.contains_key("x-frame-options") && !all.contains_key("cross-origin-opener-policy"));
        assert_eq!(all["cross-origin-resource-policy"], "cross-origin");
    }

    #[test]
    fn asset_keeps_its_own_caching() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let setting = Setting { framing: &Framing::Own, embeddable: false, own_host: None, hsts_s: 0 };
        secure(&mut headers, &setting);
        assert_eq!(headers["cache-control"], "no-cache");
        assert!(!headers.contains_key("strict-transport-security"));
    }
}
