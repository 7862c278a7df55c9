//! Who the customer is to the branch: stored contacts on the Active conversation page (REQ S1-12, S1-13).

use serde_json::{Value, json};

use crate::support::{Agent, Desk};

const MELISSA: &str = "[[contact]]\nname = \"Melissa de Vries\"";
const MORE: &str = r#"[[contact]]
name = "Jan de Boer"
email = "jan@shop.example"
phone = "+31 20 555 0199"
[[contact]]
name = "Eva Smit"
email = "eva@shop.example"
sub = "customer-17"
[[contact]]
name = "Melissa de Vries""#;

/// A chat with these details as the agent sees its customer.
fn customer_of(desk: &Desk, agent: &mut Agent, details: Value) -> Value {
    let mut customer = desk.customer("shop", json!({}));
    let conversation = customer.start(details);
    let session = agent.take(&conversation);
    customer.socket.ok("end", json!({}));
    agent.socket.ok("wrapup", json!({"conversation": conversation, "reason": "solved"}));
    session["customer"].clone()
}

#[test]
fn a_stored_contact_is_found_by_address_or_number_and_shown_masked() {
    let desk = Desk::start_with_desk(&[(MELISSA.trim_end_matches('"'), MORE.trim_end_matches('"'))], &[]);
    let mut alice = desk.agent("alice");
    let by_email = customer_of(&desk, &mut alice, json!({"name": "Mel", "email": "Melissa@Gmail.com "}));
    assert_eq!(by_email["name"], "Mel", "as she calls herself");
    let stored = &by_email["stored"];
    assert_eq!(stored["name"], "Melissa de Vries");
    assert_eq!(stored["contact"], by_email["contact"]);
    let mobile = stored["mobile"].as_str().expect("the stored mobile number");
    assert!(mobile.ends_with("5678") && mobile.starts_with('*'), "masked (REQ S3-24): {mobile}");
    assert!(!by_email.to_string().to_lowercase().contains("melissa@"), "masked: {by_email}");
    assert_eq!(by_email["mobile"], *mobile);

    // Whichever way the number is written; what she did not say is shown as it is stored.
    let by_phone = customer_of(&desk, &mut alice, json!({"phone": "06 1234-5678"}));
    assert_eq!(by_phone["contact"], by_email["contact"]);
    assert_eq!(by_phone["name"], "Melissa de Vries");
    assert_eq!(by_phone["initials"], "MV");
    assert!(by_phone["email"].as_str().is_some_and(|email| email.contains('*')), "{by_phone}");

    // Two could be meant: both are shown, neither is linked.
    let both = customer_of(&desk, &mut alice, json!({"email": "melissa@gmail.com", "phone": "020 555 0199"}));
    assert_eq!(both.get("contact"), None, "{both}");
    assert_eq!(both.get("stored"), None);
    let mut names: Vec<&str> =
        both["candidates"].as_array().expect("both").iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Jan de Boer", "Melissa de Vries"]);

    let nobody = customer_of(&desk, &mut alice, json!({"email": "new@shop.example"}));
    assert_eq!((nobody.get("contact"), nobody.get("candidates")), (None, None), "{nobody}");

    // The history of a contact is there for the next conversation.
    let mut again = desk.customer("shop", json!({}));
    let conversation = again.start(json!({"email": "melissa@gmail.com"}));
    let session = alice.take(&conversation);
    let contact = &session["customer"]["contact"];
    let past = alice.socket.ok("contact_history", json!({ "contact": contact }));
    assert_eq!(past["items"].as_array().map(Vec::len), Some(3), "two before and this one: {past}");
}

#[test]
fn who_the_site_signed_for_is_that_contact_whatever_else_is_said() {
    let desk = Desk::start_with_desk(
        &[(MELISSA.trim_end_matches('"'), MORE.trim_end_matches('"'))],
        &["--wall-clock", "2026-10-05T08:00:00Z"],
    );
    let mut alice = desk.agent("alice");
    let token = |query: &str| {
        let reply = desk.get(&format!("/demo/token?widget=portal&{query}"));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["token"].as_str().expect("a token").to_string()
    };
    let jwt = token("sub=customer-17&email=melissa%40gmail.com");
    let mut eva = desk.customer("portal", json!({ "jwt": jwt }));
    let conversation = eva.start(json!({"comment": "hi"}));
    let session = alice.take(&conversation);
    assert_eq!(session["customer"]["stored"]["name"], "Eva Smit", "{}", session["customer"]);
    assert_eq!(session["customer"]["verified"], true);
}
