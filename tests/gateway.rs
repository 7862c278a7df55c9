//! The gateway as a client meets it: a real listener, real TLS checked against the box's own authority.

#[path = "gateway/bench.rs"]
mod bench;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use bench::*;
use deskbell::gateway::*;
use tungstenite::Message;
use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// Everything of a handshake but the empty line.
const HANDSHAKE: &str = " HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: keep-alive, Upgrade\r\n\
                         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn both_versions_of_tls_verify_against_the_box_s_authority_and_no_other() {
    let bench = start(Face::Both, |_| ());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut tls = bench.tls_with(&[version], bench.authority.ca_pem()).unwrap();
        assert_eq!(tls.conn.protocol_version(), Some(version.version));
        tls.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        assert!(read_all(&mut tls).ends_with("\r\n\r\nhello"));
    }
    let other = start(Face::Both, |_| ());
    let error = bench.tls_with(rustls::ALL_VERSIONS, other.authority.ca_pem()).err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn new_certificate_is_shown_while_running_and_open_connections_go_on() {
    let mut bench = start(Face::Both, |_| ());
    let mut before = bench.customer();
    let shown = |tls: &Tls| tls.conn.peer_certificates().unwrap()[0].clone();
    let first = shown(&bench.tls());
    let names = ["localhost".to_owned(), "192.168.1.10".to_owned()];
    assert!(bench.authority.renew(&names, 0).unwrap());
    bench.certificates.replace_own(bench.authority.certificate().unwrap());
    assert_ne!(shown(&bench.tls()), first);
    before.send(Message::text("still here")).unwrap();
    assert_eq!(text(&mut before), "got still here");
}

#[test]
fn unknown_address_and_method_get_error_json_and_every_answer_its_security_headers() {
    let bench = start(Face::Both, |_| ());
    let nothing = bench.ask("GET /nothing", &[]);
    assert_eq!(status(&nothing), 404);
    assert!(nothing.ends_with(r#"{"error":{"code":"not_found","message":"There is nothing here."}}"#));
    let wrong = bench.ask("DELETE /mine", &[]);
    assert_eq!(status(&wrong), 405);
    assert!(wrong.contains("allow: GET, HEAD, POST\r\n") && wrong.contains(r#""code":"not_allowed""#));
    assert_eq!(status(&bench.ask("BREW /", &[])), 405);
    let head = bench.ask("HEAD /", &[]);
    assert!(head.contains("content-length: 5\r\n") && head.ends_with("\r\n\r\n"));
    for answer in [nothing, wrong, head] {
        let policy = "content-security-policy: default-src 'none'";
        for name in [policy, "strict-transport-security:", "x-content-type-options: nosniff"] {
            assert!(answer.contains(name), "{name} is missing in {answer}");
        }
    }
}

#[test]
fn staff_addresses_do_not_exist_on_the_public_face_nor_the_other_way_round() {
    let public = start(Face::Public, |_| ());
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(status(&public.ask("GET /agent/", &[])), 404);
    assert_eq!(public.socket("/ws/agent", &[("authorization", &bearer)]).err(), Some(404));
    assert_eq!(status(&public.ask("GET /widgets/a", &[])), 200);
    let staff = start(Face::Staff, |_| ());
    assert_eq!(status(&staff.ask("GET /agent/", &[])), 200);
    assert_eq!(status(&staff.ask("GET /widgets/a", &[])), 404);
    assert_eq!(staff.socket("/ws/customer?widget=shop", &[]).err(), Some(404));
}

#[test]
fn slow_clients_are_cut_while_others_are_served() {
    let bench = start(Face::Both, |settings| {
        settings.ceilings.handshake_ms_max = 1000;
        settings.ceilings.header_ms_max = 1000;
        settings.ceilings.body_ms_max = 500;
    });
    let mut half_open = bench.tcp();
    half_open.write_all(&[0x16, 0x03, 0x01]).unwrap();
    let mut slow_head = bench.tls();
    slow_head.write_all(b"GET / HTTP/1.1\r\nhost: local").unwrap();
    let mut slow_body = bench.tls();
    slow_body.write_all(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nfour").unwrap();
    assert_eq!(status(&bench.ask("GET /", &[])), 200);
    let answer = read_all(&mut slow_body);
    assert_eq!(status(&answer), 408);
    assert!(answer.contains("connection: close"));
    assert_eq!(read_all(&mut slow_head), "");
    assert_eq!(half_open.read(&mut [0; 64]).unwrap_or(0), 0);
    assert_eq!(bench.counter("handshakes_timed_out"), 1);
    assert_eq!(status(&bench.ask("GET /", &[])), 200);
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let bench = start(Face::Both, |_| ());
    let post = |headers: &str, body: &[u8]| {
        let mut request = format!("POST /echo HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n\r\n").into_bytes();
        request.extend(body);
        bench.talk(&request)
    };
    assert!(post("connection: close\r\ncontent-length: 20000", &[b'x'; 20_000]).ends_with("20000"));
    let announced = post("content-length: 20001", &[b'x'; 20_001]);
    assert_eq!(status(&announced), 413);
    assert!(announced.contains(r#""code":"too_long""#));
    let chunk = [&b"400\r\n"[..], &[b'x'; 0x400], b"\r\n"].concat();
    assert_eq!(status(&post("transfer-encoding: chunked", &chunk.repeat(30))), 413);
    assert_eq!(status(&bench.ask("GET /", &[&format!("x-long: {}", "x".repeat(17_000))])), 431);
}

#[test]
fn body_beyond_what_the_box_holds_at_once_is_told_to_come_back() {
    let bench = start(Face::Both, |settings| settings.ceilings.bodies_bytes_max = 1000);
    let post = |length: usize| {
        let head = format!(
            "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        bench.talk(format!("{head}{}", "x".repeat(length)).as_bytes())
    };
    let answer = post(2000);
    assert_eq!(status(&answer), 503);
    assert!(answer.contains(r#""code":"full""#) && answer.contains("retry-after: 1\r\n"));
    assert!(post(1000).ends_with("\r\n1000"), "what was taken is given back");
    assert!(post(1000).ends_with("\r\n1000"));
}

#[test]
fn token_counts_from_the_header_always_and_from_the_cookie_only_for_the_box_s_own_pages() {
    let bench = start(Face::Both, |_| ());
    let bearer = format!("authorization: Bearer {TOKEN}");
    let cookie = format!("cookie: a=b; {COOKIE_NAME}={TOKEN}");
    let own = format!("origin: {}", bench.own_origin());
    let foreign = "origin: https://evil.example";
    let ask = |line: &str, headers: &[&str]| status(&bench.ask(line, headers));
    assert_eq!(ask("GET /mine", &[]), 401);
    assert_eq!(ask("GET /mine", &["authorization: Bearer not-the-token-you-know"]), 401);
    assert_eq!(ask("GET /mine", &[&bearer]), 200);
    assert_eq!(ask("GET /mine", &[&cookie]), 200);
    assert_eq!(ask("GET /mine", &[&cookie, &own]), 200);
    assert_eq!(ask("GET /mine", &[&cookie, foreign]), 403);
    assert_eq!(ask("GET /mine", &[&cookie, "sec-fetch-site: cross-site"]), 403);
    assert_eq!(ask("POST /mine", &[&cookie, &own]), 200);
    assert_eq!(ask("POST /mine", &[&cookie, foreign]), 403);
    assert_eq!(ask("POST /mine", &[&cookie]), 403, "a change needs to say where it comes from");
    assert_eq!(ask("POST /mine", &[&bearer, foreign]), 200);
    assert_eq!(ask("GET /admin/", &[&bearer]), 403);
}

#[test]
fn sixth_wrong_password_waits() {
    let bench = start(Face::Both, |_| ());
    for _ in 0..5 {
        assert_eq!(status(&bench.ask("POST /login", &[])), 401);
    }
    let sixth = bench.ask("POST /login", &[]);
    assert_eq!(status(&sixth), 429);
    assert!(sixth.contains("retry-after: 60\r\n"), "{sixth}");
}

#[test]
fn scripts_of_allowed_sites_only_may_read_the_widget_calls() {
    let bench = start(Face::Both, |_| ());
    let (shop, evil) = ("origin: https://shop.example", "origin: https://evil.example");
    let read = bench.ask("GET /widgets/a", &[shop]);
    assert!(read.contains("access-control-allow-origin: https://shop.example\r\n"));
    assert!(read.contains("vary: origin\r\n") && !read.contains("credentials"));
    assert!(read.contains("cross-origin-resource-policy: cross-origin\r\n"));
    assert!(!bench.ask("GET /widgets/a", &[evil]).contains("access-control"));
    assert!(!bench.ask("GET /", &[shop]).contains("access-control"));
    let preflight = bench.ask("OPTIONS /widgets/a", &[shop, "access-control-request-method: POST"]);
    assert_eq!(status(&preflight), 204);
    assert!(preflight.contains("access-control-allow-headers: content-type\r\n"));
    let refused = bench.ask("OPTIONS /widgets/a", &[evil]);
    assert_eq!(status(&refused), 403);
    assert!(!refused.contains("access-control-allow"));
    assert_eq!(status(&bench.ask("OPTIONS /mine", &[shop])), 405);
}

#[test]
fn request_cannot_be_smuggled_inside_another() {
    let bench = start(Face::Both, |_| ());
    let hidden = "GET /agent/ HTTP/1.1\r\nhost: x\r\n\r\n";
    let refused = |bytes: &str| {
        let answer = bench.talk(bytes.as_bytes());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{bytes:?}: {answer}");
        assert_eq!(status(&answer), 400, "{bytes:?}");
    };
    let both = "host: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = bench.talk(format!("POST /echo HTTP/1.1\r\n{both}{hidden}").as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    for headers in [
        "host: x\r\ncontent-length: 0\r\ncontent-length: 5",
        "host: x\r\ntransfer-encoding: chunked, identity",
        "host: x\r\ncontent-length: +5",
        "host: x\r\nhost: y",
        "host: x\r\norigin: https://a\r\norigin: https://b",
        "host: x\r\nfolded: a\r\n b",
        "host: x\r\nspaced : a",
        "content-length: 0",
    ] {
        refused(&format!("POST /echo HTTP/1.1\r\n{headers}\r\n\r\n{hidden}"));
    }
    refused(&format!("GET https://evil.example/ HTTP/1.1\r\nhost: x\r\n\r\n{hidden}"));
    refused(&format!("GET /ws/echo{HANDSHAKE}content-length: 5\r\n\r\nhello{hidden}"));
    refused(&format!("GET /ws/echo{HANDSHAKE}transfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"));
    let twice = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nconnection: close\r\n\r\n";
    refused(&format!("GET /ws/echo{HANDSHAKE}{twice}"));
}

#[test]
fn forwarded_address_is_believed_from_a_trusted_proxy_only() {
    let plain = start(Face::Both, |_| ());
    assert!(plain.ask("GET /peer", &["x-forwarded-for: 192.0.2.7"]).ends_with("\r\n127.0.0.1"));
    let behind =
        start(Face::Both, |settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]);
    assert!(behind.ask("GET /peer", &["x-forwarded-for: 6.6.6.6, 192.0.2.7"]).ends_with("\r\n192.0.2.7"));
}

#[test]
fn customer_socket_opens_for_the_box_s_own_pages_or_none() {
    let bench = start(Face::Both, |_| ());
    let own = bench.own_origin();
    let path = "/ws/customer?widget=shop";
    assert_eq!(bench.socket(path, &[("origin", "https://evil.example")]).err(), Some(403));
    assert_eq!(bench.socket(path, &[("origin", "null")]).err(), Some(403));
    assert_eq!(bench.socket("/ws/customer", &[]).err(), Some(400));
    assert_eq!(bench.socket("/ws/customer?widget=gone", &[]).err(), Some(404));
    assert_eq!(bench.socket(path, &[("sec-websocket-protocol", "other.v9")]).err(), Some(400));
    assert_eq!(status(&bench.ask("GET /ws/customer?widget=shop", &[])), 426);
    let subprotocol = ("sec-websocket-protocol", "other.v9, deskbell.v1");
    let mut socket = bench.socket(path, &[("origin", &own), subprotocol]).unwrap();
    socket.send(Message::text("hello")).unwrap();
    assert_eq!(text(&mut socket), "got hello");
    assert_eq!(bench.surface.count("open shop from 127.0.0.1"), 1);
    socket.close(None).unwrap();
    assert_eq!(bench.surface.count("closed 0 ByClient(1005)"), 1);
}

#[test]
fn agent_socket_needs_a_token_and_with_a_cookie_the_box_s_own_page() {
    let bench = start(Face::Both, |_| ());
    let (own, cookie) = (bench.own_origin(), format!("{COOKIE_NAME}={TOKEN}"));
    let bearer = format!("Bearer {TOKEN}");
    let ask = |headers: &[(&'static str, &str)]| bench.socket("/ws/agent", headers).map(|_| 101);
    assert_eq!(ask(&[]), Err(401));
    assert_eq!(ask(&[("origin", &own)]), Err(401));
    assert_eq!(ask(&[("authorization", "Bearer not-the-token-you-know")]), Err(401));
    assert_eq!(ask(&[("cookie", &cookie), ("origin", "https://evil.example")]), Err(403));
    assert_eq!(ask(&[("cookie", &cookie)]), Err(403));
    assert_eq!(ask(&[("cookie", &cookie), ("origin", &own)]), Ok(101));
    assert_eq!(ask(&[("authorization", &bearer)]), Ok(101));
}

#[test]
fn client_that_breaks_the_rules_hears_which_and_the_others_go_on() {
    let bench = start(Face::Both, |_| ());
    let mut bystander = bench.customer();
    let full = vec![b'x'; 16 * 1024];
    let fragments = [raw_frame(0x01, &full), raw_frame(0x80, b"x")].concat();
    for (bytes, code, fault) in [
        (raw_frame(0x82, b"binary"), 1003, "Binary"),
        (raw_frame(0x81, &[0xc3, 0x28]), 1007, "NotUtf8"),
        (vec![0x81, 2, b'h', b'i'], 1002, "Protocol"),
        (raw_frame(0xc1, b"reserved bit"), 1002, "Protocol"),
        (raw_frame(0x83, b"reserved opcode"), 1002, "Protocol"),
        (raw_frame(0x80, b"nothing to continue"), 1002, "Protocol"),
        (raw_frame(0x89, &[0; 126]), 1002, "Protocol"),
        (raw_frame(0x81, &[&full[..], b"x"].concat()), 1009, "TooLarge"),
        (fragments, 1009, "TooLarge"),
    ] {
        let mut socket = bench.customer();
        let conn = bench.surface.outboxes.lock().unwrap().len() - 1;
        socket.get_mut().write_all(&bytes).unwrap();
        assert_eq!(close_code(&mut socket), code, "{fault}");
        assert_eq!(bench.surface.count(&format!("fault {conn} {fault}")), 1);
        assert_eq!(bench.surface.count(&format!("closed {conn} Fault({fault})")), 1);
    }
    assert_eq!(bench.counter("sockets_faulty"), 9);
    bystander.send(Message::text("unmoved")).unwrap();
    assert_eq!(text(&mut bystander), "got unmoved");
}

#[test]
fn client_that_falls_behind_is_closed_with_1013() {
    let bench = start(Face::Both, |settings| settings.ceilings.outbox.frames_max = 3);
    let mut socket = bench.customer();
    let outbox = bench.surface.outbox(0);
    outbox.hold();
    for number in 0..4 {
        let pushed = outbox.push(Frame::from(format!("frame {number}")));
        assert_eq!(pushed.is_err(), number == 3);
    }
    assert_eq!(close_code(&mut socket), 1013);
    assert_eq!(bench.surface.count("closed 0 Slow"), 1);
    assert_eq!(bench.counter("sockets_slow"), 1);
}

#[test]
fn client_that_takes_nothing_for_too_long_loses_its_socket() {
    let bench = start(Face::Both, |settings| {
        settings.ceilings.write_stall_ms_max = 300;
        settings.ceilings.outbox =
            OutboxLimits { frames_max: 2000, bytes_max: 64 << 20, all_bytes_max: 64 << 20 };
    });
    let _never_read = bench.customer();
    let frame = Frame::from("x".repeat(32 * 1024));
    for _ in 0..1000 {
        bench.surface.outbox(0).push(frame.clone()).unwrap();
    }
    assert_eq!(bench.surface.count("closed 0 Lost"), 1);
}

#[test]
fn welcome_goes_first_and_what_gathered_behind_it_follows() {
    let bench = start(Face::Both, |_| ());
    let mut socket = bench.socket("/ws/customer?widget=held", &[]).unwrap();
    let outbox = bench.surface.outbox(0);
    outbox.push_first(Frame::from("welcome")).unwrap();
    assert_eq!(text(&mut socket), "welcome");
    outbox.release();
    assert_eq!(text(&mut socket), "caused since");
    outbox.close(1008, "signed out");
    assert_eq!(close_code(&mut socket), 1008);
    assert_eq!(bench.surface.count("closed 0 ByBox(1008)"), 1);
}

#[test]
fn next_frame_waits_until_the_one_before_is_dealt_with() {
    let bench = start(Face::Both, |_| ());
    let mut socket = bench.customer();
    socket.send(Message::text("wait")).unwrap();
    socket.send(Message::text("after")).unwrap();
    bench.surface.outbox(0).push(Frame::from("meanwhile")).unwrap();
    let heard: Vec<_> = (0..3).map(|_| text(&mut socket)).collect();
    assert_eq!(heard, ["meanwhile", "got wait", "got after"]);
}

#[test]
fn client_that_sends_too_often_is_slowed_down() {
    let bench = start(Face::Both, |settings| {
        settings.ceilings.frames = rate::Rate { burst: 2, per_s: 10 };
        settings.ceilings.ping_ms = 200;
    });
    let mut socket = bench.customer();
    let begin = Instant::now();
    for number in 0..7 {
        socket.send(Message::text(number.to_string())).unwrap();
    }
    (0..7).for_each(|number| assert_eq!(text(&mut socket), format!("got {number}")));
    assert!(begin.elapsed() >= Duration::from_millis(350), "{:?}", begin.elapsed());
}

#[test]
fn live_client_is_pinged_and_a_silent_one_lost() {
    let bench = start(Face::Both, |settings| {
        settings.ceilings.ping_ms = 200;
        settings.ceilings.silence_ms_max = 800;
    });
    let _silent = bench.customer();
    let mut live = bench.customer();
    let pings = (0..6).filter(|_| matches!(live.read(), Ok(Message::Ping(_)))).count();
    assert_eq!(pings, 6);
    assert_eq!(bench.surface.count("closed 0 Silent"), 1);
    live.send(Message::text("here")).unwrap();
    assert_eq!(text(&mut live), "got here");
}

#[test]
fn echo_sends_back_what_it_gets_however_it_is_cut() {
    let bench = start(Face::Both, |_| ());
    let mut socket = bench.socket("/ws/echo", &[]).unwrap();
    for message in [
        Message::text(""),
        Message::text("žluťoučký kůň ☃"),
        Message::binary(vec![0xfe; 125]),
        Message::text("x".repeat(16 * 1024)),
        Message::binary(vec![7; 5000]),
    ] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    // Cut inside the snowman, a ping between, an empty piece, and every byte on its own.
    let (first, second) = "snow ☃".as_bytes().split_at(6);
    let pieces =
        [raw_frame(0x01, first), raw_frame(0x89, b"now"), raw_frame(0x00, b""), raw_frame(0x80, second)];
    for byte in pieces.concat() {
        socket.get_mut().write_all(&[byte]).unwrap();
    }
    assert_eq!(socket.read().unwrap(), Message::Pong("now".into()));
    assert_eq!(socket.read().unwrap(), Message::text("snow ☃"));
    let goodbye = CloseFrame { code: CloseCode::Library(4321), reason: "bye".into() };
    socket.close(Some(goodbye)).unwrap();
    assert_eq!(close_code(&mut socket), 4321);
    let mut wrong = bench.socket("/ws/echo", &[]).unwrap();
    wrong.get_mut().write_all(&raw_frame(0x88, &1005u16.to_be_bytes())).unwrap();
    assert_eq!(close_code(&mut wrong), 1002);
    let without = start(Face::Both, |settings| settings.echo = false);
    assert_eq!(without.socket("/ws/echo", &[]).err(), Some(404));
}

#[test]
fn frame_sent_along_with_the_handshake_is_not_lost() {
    let bench = start(Face::Both, |_| ());
    let mut bytes = format!("GET /ws/echo{HANDSHAKE}\r\n").into_bytes();
    bytes.extend(raw_frame(0x81, b"early"));
    let mut tls = bench.tls();
    tls.write_all(&bytes).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x81\x05early") {
        let mut byte = [0];
        tls.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    assert!(!String::from_utf8_lossy(&answer).contains("sec-websocket-protocol"));
}

#[test]
fn source_with_too_many_connections_is_refused_until_it_lets_one_go() {
    let bench = start(Face::Both, |settings| {
        settings.loopback_unlimited = false;
        settings.ceilings.connections_per_source_max = 2;
    });
    let first = bench.customer();
    let _second = bench.customer();
    let mut third = bench.tcp();
    assert_eq!(third.read(&mut [0; 8]).unwrap_or(0), 0);
    assert_eq!(bench.counter("connections_refused_source"), 1);
    drop(first);
    wait_until(|| bench.gateway.connections() < 2);
    assert_eq!(status(&bench.ask("GET /", &[])), 200);
}

#[test]
fn customers_cannot_take_the_places_of_staff() {
    let bench = start(Face::Both, |settings| {
        settings.ceilings.connections_max = 3;
        settings.ceilings.staff_connections_reserved = 1;
    });
    let _customers = [bench.customer(), bench.customer()];
    assert_eq!(bench.socket("/ws/customer?widget=shop", &[]).err(), Some(503));
    wait_until(|| bench.gateway.connections() < 3);
    assert!(bench.socket("/ws/agent", &[("authorization", &format!("Bearer {TOKEN}"))]).is_ok());
}

#[test]
fn stopping_finishes_requests_empties_outboxes_and_says_goodbye() {
    let bench = start(Face::Both, |_| ());
    let (mut one, mut other) = (bench.customer(), bench.customer());
    let mut idle = bench.tls();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut busy = bench.tls();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    wait_until(|| bench.counter("requests") == 4);
    bench.surface.outbox(0).push(Frame::from("last words")).unwrap();
    let (surface, address) = (bench.surface.clone(), bench.address());
    let stopping = thread::spawn(move || bench.gateway.stop(WAIT));
    assert_eq!(text(&mut one), "last words");
    assert_eq!((close_code(&mut one), close_code(&mut other)), (1012, 1012));
    assert!(read_all(&mut busy).ends_with("slow but whole"));
    assert!(read_all(&mut idle).ends_with("hello"));
    drop((one, other, busy, idle));
    assert!(stopping.join().unwrap(), "nobody was left");
    assert_eq!(surface.count("Stopped"), 2);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn every_opened_socket_is_closed_exactly_once_however_it_ends() {
    let bench = start(Face::Both, |_| ());
    for _ in 0..20 {
        // Gone before, while or after the upgrade.
        let mut tls = bench.tls();
        tls.write_all(format!("GET /ws/customer?widget=shop{HANDSHAKE}\r\n").as_bytes()).unwrap();
    }
    let cut_off = bench.customer();
    wait_until(|| bench.gateway.connections() == 1);
    let surface = bench.surface.clone();
    bench.gateway.stop(Duration::ZERO);
    drop(cut_off);
    let seen = surface.seen.lock().unwrap();
    let opened = surface.outboxes.lock().unwrap().len();
    assert!(opened > 0 && seen.iter().any(|seen| seen.contains("Stopped")));
    for conn in 0..opened {
        let closed = format!("closed {conn} ");
        assert_eq!(seen.iter().filter(|seen| seen.starts_with(&closed)).count(), 1, "{closed}");
    }
}
