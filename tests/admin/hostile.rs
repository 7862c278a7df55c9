//! What nobody means well by: forged forms, measureless bodies, hostile text.

use super::{PAGES, house};

#[test]
fn a_form_without_its_token_or_with_a_foreign_one_is_refused() {
    let house = house();
    let other = super::house();
    let foreign = other.browser.form("/admin/queues/front").value("token").to_owned();
    let good = house.browser.form("/admin/queues/front").set("name", "Changed");
    for token in ["", "00", &foreign] {
        let answer = house.browser.post(&good.clone().set("token", token));
        assert_eq!(answer.status, 403, "{token}");
    }
    assert_eq!(house.browser.post_body("/admin/restart", "").status, 403);
    assert_eq!(house.browser.post_body("/admin/backup", "a=b").status, 403);
    assert_eq!(house.shelf.number(), 1);
    assert!(house.shelf.done().is_empty());
}

#[test]
fn a_header_that_claims_to_be_the_gateway_is_refused() {
    let house = house();
    let ask = |headers: &str| {
        house
            .browser
            .raw(format!("GET /admin/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes())
    };
    assert_eq!(
        ask("X-Deskbell-Gateway: guess\r\nX-Deskbell-Actor: admin\r\nX-Deskbell-Session: x\r\n").status,
        403
    );
    assert_eq!(ask("X-Deskbell-Gateway: a\r\nX-Deskbell-Gateway: b\r\n").status, 400);
    assert!(
        ask("X-Deskbell-Actor: admin\r\n").body.contains("local root"),
        "an actor without the gateway is nobody"
    );
}

#[test]
fn huge_odd_and_broken_requests_are_refused_by_name_and_the_pages_go_on() {
    let house = house();
    let ask = |text: String| house.browser.raw(text.as_bytes()).status;
    let form = "Content-Type: application/x-www-form-urlencoded";
    let post =
        |rest: &str| format!("POST /admin/queues/front HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}");
    let huge = 2 * 1024 * 1024;
    assert_eq!(ask(post(&format!("{form}\r\nContent-Length: {huge}\r\n\r\n{}", "a".repeat(huge)))), 413);
    assert_eq!(ask(post(&format!("{form}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"))), 400);
    assert_eq!(ask(post(&format!("{form}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\na=bc"))), 400);
    assert_eq!(ask(post("Content-Type: text/plain\r\nContent-Length: 3\r\n\r\na=b")), 415);
    assert_eq!(ask(post(&format!("{form}\r\nContent-Length: 5\r\n\r\na=%zz"))), 400);
    assert_eq!(ask(post(&format!("{form}\r\nContent-Length: 4\r\n\r\na=%ff"))), 400);
    assert_eq!(ask(post(&format!("{form}\r\nContent-Length: 10000\r\n\r\n{}", "a&".repeat(5000)))), 413);
    assert_eq!(
        ask(format!("GET /admin/{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "a".repeat(3000))),
        414
    );
    assert_eq!(ask("DELETE /admin/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned()), 405);
    assert_eq!(ask("GET /admin/%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned()), 400);
    house.browser.page("/admin/");
}

#[test]
fn a_length_beyond_all_measure_is_answered_and_the_pages_go_on() {
    let house = house();
    for length in ["999999999999", "18446744073709551615"] {
        let head = format!(
            "POST /admin/queues/front HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        use std::io::{Read, Write};
        let mut stream = std::os::unix::net::UnixStream::connect(&house.browser.0).expect("the pages listen");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut start = [0; 12];
        stream.read_exact(&mut start).expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 413", "{length}");
    }
    house.browser.page("/admin/");
}

#[test]
fn hostile_text_is_shown_as_text_wherever_it_stands() {
    let house = house();
    let hostile = "\"><script>alert(1)</script>'&{{ 7*7 }}<img src=x onerror=alert(1)>";
    house.shelf.save_as(hostile, |desk| {
        desk.name = hostile.to_owned();
        desk.queue_mut("front").expect("there").name = hostile.to_owned();
        desk.workstream_mut("web-live").expect("there").name = hostile.to_owned();
        desk.agent_mut("alice").expect("there").name = hostile.to_owned();
        desk.wrapup_reason_mut("solved").expect("there").label = hostile.into();
        desk.contacts[0].name = hostile.to_owned();
    });
    for path in PAGES.iter().chain(&["/admin/changes/2", "/admin/queues?saved=2"]) {
        let page = house.browser.page(path);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img"), "{path}");
        assert!(!page.body.contains("<b>she asked"), "{path}");
    }
    let answer = house.browser.post(&house.browser.form("/admin/queues/front").set("priority", hostile));
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script>alert"));
    assert_eq!(answer.form("/admin/queues/front").value("priority"), hostile);
    let control = house.browser.post(&house.browser.form("/admin/queues/front").set("name", "a\u{1}b"));
    assert_eq!(control.status, 422, "{}", control.body);
}
