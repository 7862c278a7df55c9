//! Knowledge articles: found by their words, read as a tree, shared and counted, and the page behind a shared link
//! (REQ S2-36).

mod support;

use serde_json::{Value, json};
use support::{Desk, Reply};

const ARTICLES: &str = r##"
[[article]]
id = "returns"
title = "Returns and réfunds"
text = """
# How to return

Within **30 days**, with the receipt. <script>alert(1)</script> [Run](javascript:alert(1)) or
[the shop](https://shop.example/returns).

- the box
- the lamp
"""
[[article]]
id = "hours"
title = "Opening hours"
link = "https://shop.example/hours"
text = "We open at nine. A return is possible all day."
"##;

fn desk() -> Desk {
    Desk::start_with_text(&format!("{}{ARTICLES}", include_str!("data/desk.example.toml")), &[])
}

fn get(desk: &Desk, token: &str, path: &str) -> Reply {
    desk.http("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
}

#[test]
fn an_article_is_found_read_shared_and_counted_and_its_page_shows_no_markup_of_its_text() {
    let mut desk = desk();
    let mut alice = desk.agent("alice");
    let found = |alice: &mut support::Agent, filter: &str| -> Vec<String> {
        let answer = alice.socket.ok("directory", json!({"kind": "articles", "filter": filter}));
        let items = answer["items"].as_array().expect("items");
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(found(&mut alice, "REFUND"), ["returns"]);
    assert_eq!(found(&mut alice, "return"), ["returns", "hours"], "by the title before by the text");
    assert_eq!(found(&mut alice, "return receipt"), ["returns"]);
    assert_eq!(found(&mut alice, "umbrella"), Vec::<String>::new());
    assert_eq!(found(&mut alice, "").len(), 2);

    let article = get(&desk, &alice.token, "/api/v1/articles/returns").json();
    assert_eq!(article["shares"], 0);
    assert_eq!(article["nodes"][0]["tag"], "h2");
    assert!(!article["nodes"].to_string().contains("javascript:"), "{article}");
    let text = article["text"].as_str().expect("a text");
    assert!(text.contains("Within 30 days") && !text.contains(['<', '>', '*']), "{text}");

    let bearer = format!("Bearer {}", alice.token);
    let share = |desk: &Desk| {
        desk.http("POST", "/api/v1/articles/returns/shares", &[("authorization", &bearer)], "").json()["shares"]
            .clone()
    };
    assert_eq!((share(&desk), share(&desk)), (json!(1), json!(2)));
    desk.kill();
    desk.start_again();
    assert_eq!(share(&desk), json!(3), "kept over a restart");
    assert_eq!(get(&desk, &alice.token, "/api/v1/articles/returns").json()["shares"], 3);
    assert_eq!(get(&desk, &alice.token, "/api/v1/articles/hours").json()["shares"], 0);

    // What a customer sees, without any sign-in; the address is the same after the restart.
    let address = article["address"].as_str().expect("an address");
    let path = &address[address.find("/a/").expect("a path")..];
    let page = desk.get(path);
    assert_eq!(page.status, 200, "{path}");
    assert!(
        page.body.contains("<strong>30 days</strong>") && page.body.contains("<li>the lamp</li>"),
        "{}",
        page.body
    );
    assert!(page.body.contains("&lt;script&gt;") && !page.body.contains("<script"), "{}", page.body);
    assert!(
        !page.body.contains("href=\"javascript")
            && page.body.contains("href=\"https://shop.example/returns\"")
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for wrong in [
        "/a/returns",
        "/a/x",
        &path[..path.len() - 1],
        &format!("{path}x"),
        &format!("/a/{}", "A".repeat(32)),
    ] {
        assert_eq!(desk.get(wrong).status, 404, "{wrong}");
    }
    assert_eq!(desk.get("/api/v1/articles/returns").status, 401);
    assert_eq!(get(&desk, &alice.token, "/api/v1/articles/none").status, 404);
    assert_eq!(get(&desk, "crm-demo-token", "/api/v1/articles/returns").status, 403);
    assert_eq!(get(&desk, &alice.token, "/api/v1/articles/returns").json()["link"], Value::Null);
}
