//! Files that are part of the program: scripts, styles, pages, pictures, sounds.

use ring::digest;

use super::http::{Request, Response};

/// One embedded file, ready to serve. Made once at start.
pub struct Asset {
    bytes: &'static [u8],
    content_type: &'static str,
    etag: String,
    caching: Caching,
}

/// How long a browser may use its copy without asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caching {
    /// It asks each time, and mostly hears 304: after an update no page runs with half of the old scripts.
    Ask,
    /// For so many seconds: for what other sites embed.
    Seconds(u32),
}

impl Asset {
    /// A file, its type told by the end of its name.
    ///
    /// # Panics
    /// When the end of the name is not known: a fault of the program, found by the first test that starts it.
    pub fn new(name: &str, bytes: &'static [u8]) -> Asset {
        let hash = digest::digest(&digest::SHA256, bytes);
        let etag = format!("\"{}\"", data_encoding::BASE64URL_NOPAD.encode(&hash.as_ref()[..12]));
        Asset { bytes, content_type: content_type(name), etag, caching: Caching::Ask }
    }

    /// Sets how long a browser may use its copy.
    pub fn caching(mut self, caching: Caching) -> Asset {
        self.caching = caching;
        self
    }

    /// The file, or 304 when the browser has it already.
    pub fn respond(&self, request: &Request) -> Response {
        let known = request.header("if-none-match").is_some_and(|tags| has_tag(tags, &self.etag));
        let response = if known {
            Response::empty(304)
        } else {
            Response::of_static(200, self.content_type, self.bytes)
        };
        let caching = match self.caching {
            Caching::Ask => "no-cache".to_owned(),
            Caching::Seconds(seconds) => format!("public, max-age={seconds}"),
        };
        response.with_header("etag", &self.etag).with_header("cache-control", &caching)
    }

    /// The file itself.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

fn has_tag(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wav") => "audio/wav",
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => panic!("{name} has an ending without a content type"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::Method;
    use super::*;

    #[test]
    fn browser_that_has_the_file_hears_304_and_one_with_another_gets_it() {
        let asset = Asset::new("page.js", b"let a = 1;");
        let first = asset.respond(&Request::for_test(Method::Get, "/page.js"));
        assert_eq!((first.status(), first.body_bytes()), (200, &b"let a = 1;"[..]));
        assert_eq!(first.header("content-type"), Some("text/javascript; charset=utf-8"));
        let etag = first.header("etag").unwrap();
        let ask = |tags: &str| {
            let request = Request::for_test(Method::Get, "/page.js").with_header("if-none-match", tags);
            asset.respond(&request).status()
        };
        assert_eq!(ask(etag), 304);
        assert_eq!(ask(&format!("\"x\", W/{etag}")), 304);
        assert_eq!(ask("\"x\""), 200);
        assert_ne!(Asset::new("page.js", b"let a = 2;").etag, asset.etag);
    }
}
