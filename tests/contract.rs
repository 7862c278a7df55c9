//! The documents for people who build a client of their own: whatever the box takes stands there, and whatever
//! stands there the box takes.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::Desk;

/// Calls of other programs: prefixes of the paths that the document promises to name.
const PROMISED: [&str; 6] = ["/api/", "/hooks/", "/healthz", "/metrics", "/ca.crt", "/trust"];

fn openapi() -> Value {
    serde_json::from_str(include_str!("../src/manual/openapi.json")).expect("JSON")
}

fn source(under: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).expect("the source").flatten() {
        match entry.path() {
            path if path.is_dir() => source(&path, into),
            path if path.extension().is_some_and(|ending| ending == "rs") => into.push(path),
            _ => {}
        }
    }
}

/// Every route of the source that other programs may call: `(method, path)`.
fn routes() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("source is UTF-8");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for after in code.split("Method::").skip(1) {
            let method: String = after.chars().take_while(char::is_ascii_alphabetic).collect();
            let rest = after[method.len()..].trim_start_matches([',', ' ', '\n']);
            let Some(path) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
            if PROMISED.iter().any(|prefix| path.starts_with(prefix)) {
                found.insert((method.to_lowercase(), path.to_owned()));
            }
        }
    }
    assert!(found.len() > 15, "the route table was not recognised: {found:?}");
    found
}

/// The variants of a request enum as they stand on the wire.
fn frames(text: &str) -> Vec<String> {
    let body = text.split("pub enum Request {").nth(1).expect("the table of requests");
    let body = body.split("\n}").next().unwrap_or_default();
    let names = body.lines().filter_map(|line| line.strip_prefix("    ")).filter_map(|line| {
        let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
    });
    let snake = |name: String| {
        name.char_indices().fold(String::new(), |mut snake, (at, c)| {
            if c.is_ascii_uppercase() && at > 0 {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
            snake
        })
    };
    names.map(snake).collect()
}

#[test]
fn every_call_of_the_box_stands_in_its_openapi_and_no_other() {
    let document = openapi();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            documented.insert((method.clone(), path.clone()));
        }
    }
    let served = routes();
    let missing: Vec<_> = served.difference(&documented).collect();
    assert!(missing.is_empty(), "src/manual/openapi.json does not name {missing:?}");
    let promised = |path: &str| PROMISED.iter().any(|prefix| path.starts_with(prefix));
    let stale: Vec<_> = documented.difference(&served).filter(|(_, path)| promised(path)).collect();
    assert!(stale.is_empty(), "src/manual/openapi.json names what is not served: {stale:?}");
}

#[test]
fn every_frame_a_client_may_send_stands_on_the_page_of_the_sockets() {
    let page = include_str!("../src/manual/sockets.html");
    let tables = [include_str!("../src/agent/frames.rs"), include_str!("../src/widget/frames.rs")];
    for frame in tables.iter().flat_map(|table| frames(table)) {
        assert!(
            page.contains(&format!("<code>{frame} {{")),
            "src/manual/sockets.html does not name `{frame}`"
        );
    }
}

#[test]
fn every_answer_of_a_documented_call_is_a_documented_answer() {
    let desk = Desk::start(&[]);
    let document = openapi();
    let tokens = [None, Some(desk.login("sofie")), Some(desk.login("admin")), Some("crm-demo-token".into())];
    let bearers: Vec<Option<String>> =
        tokens.into_iter().map(|token| token.map(|token: String| format!("Bearer {token}"))).collect();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let methods = methods.as_object().expect("methods");
        for (method, call) in methods {
            let answers = call["responses"].as_object().expect("responses");
            let public = call["security"].as_array().is_some_and(Vec::is_empty);
            for bearer in &bearers {
                // Neither of these is a real one, and nobody signs out here: only the shape of the answer counts.
                if path == "/api/v1/logout" {
                    continue;
                }
                let real = path.replace("{id}", "shop").replace(['{', '}'], "");
                let headers: Vec<(&str, &str)> =
                    bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
                let reply = desk.http(&method.to_uppercase(), &real, &headers, "");
                let said = reply.status.to_string();
                assert!(answers.contains_key(&said), "{method} {path} answers {said}: {}", reply.body);
                assert!(
                    public || bearer.is_some() || reply.status == 401,
                    "{method} {path} is for {}, yet answers {said} to a stranger",
                    call["x-roles"]
                );
                if reply.status >= 400 && path.starts_with("/api/") {
                    let error = &reply.json()["error"];
                    assert!(
                        error["code"].is_string() && error["message"].is_string(),
                        "{method} {path}: {error}"
                    );
                }
            }
        }
        let other = desk.http("DELETE", &path.replace("{id}", "shop").replace(['{', '}'], ""), &[], "");
        assert!(methods.contains_key("delete") || other.status == 405, "DELETE {path}: {}", other.status);
    }
}
