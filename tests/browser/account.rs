//! One's own sign-in at the desktop, and an admin's on her pages: another password, one-time codes.

use serde_json::Value;

use crate::page::Browser;
use crate::people::Agent;
use crate::support::Desk;
use crate::support::drill::one_time_code;

/// Opens a line of the account's menu.
fn account(page: &Browser, line: &str) {
    page.press("#account");
    page.press_text(".menu__item", line);
}

#[test]
fn an_agent_changes_her_password_and_signs_in_by_codes_from_then_on() {
    let desk = Desk::start(&[]);
    let alice = Agent::signed_in(&desk, "alice");
    let page = &alice.page;
    // Refused tries stand in the console of the browser.
    page.forgive("401");
    account(page, "Change password");
    page.write("#a-current", "wrong");
    page.write("#a-fresh", "a longer password");
    page.write("#a-again", "a longer password");
    page.press("dialog .btn--main");
    page.see_text(".dlg__fault", "The password is not right");
    page.picture("account-password");
    // What was refused does not wait in the fields for more letters.
    for field in ["#a-current", "#a-fresh", "#a-again"] {
        assert_eq!(page.text(field), "", "{field}");
    }
    page.write("#a-current", "alice-demo-pass");
    page.write("#a-fresh", "a longer password");
    page.write("#a-again", "a longer password");
    page.press("dialog .btn--main");
    page.gone("dialog");

    account(page, "One-time codes");
    page.see_text("dialog p", "Off.");
    page.write("#a-password", "a longer password");
    page.press("dialog .btn--main");
    page.see("dialog .qr path");
    page.picture("account-codes");
    let secret = page.text("dialog code");
    page.write("#a-code", &one_time_code(&secret, -1));
    page.press("dialog .btn--main");
    page.see(".codes li");
    assert_eq!(page.texts(".codes li").len(), 10);
    page.press("dialog .btn--main");
    page.gone("dialog");
    account(page, "One-time codes");
    page.see_text("dialog p", "10 recovery codes are left");
    page.press_text("dialog button", "New recovery codes");
    page.chord(&["\u{E00C}"]);
    page.gone("dialog");

    account(page, "Sign out");
    page.see("#username");
    assert_eq!((page.text("#username"), page.text("#password")), (String::new(), String::new()));
    page.write("#username", "alice");
    page.write("#password", "a longer password");
    page.press(".signin__in .btn--main");
    page.see_text(".signin__fault", "Enter the code of your authenticator");
    page.write("#totp", &one_time_code(&secret, 0));
    page.press(".signin__in .btn--main");
    page.see("#presence");
}

#[test]
fn whose_role_must_have_codes_sets_them_up_at_her_sign_in() {
    let desk = Desk::start_with_desk(
        &[(
            "retention_days = 365",
            "sign_in = { totp_required = [\"agent\", \"admin\"] }\nretention_days = 365",
        )],
        &[],
    );
    let alice = Agent { page: Browser::new(&desk) };
    alice.page.go("/agent/");
    alice.page.write("#username", "alice");
    alice.page.write("#password", "alice-demo-pass");
    alice.page.press(".signin__in .btn--main");
    alice.page.see(".signin .qr path");
    alice.page.picture("sign-in-codes");
    let secret = alice.page.text(".signin code");
    alice.page.write("#totp", &one_time_code(&secret, 0));
    alice.page.press(".signin__in .btn--main");
    alice.page.see(".codes li");
    alice.page.press(".signin__in .btn--main");
    alice.page.see("#presence");

    let admin = Browser::new(&desk);
    admin.go("/admin/");
    admin.write("#username", "admin");
    admin.write("#password", "admin-demo-pass");
    admin.press("form .btn--main");
    admin.see_text(".lede", "Set them up");
    admin.press_text("button", "Set up one-time codes");
    admin.see(".qr path");
    admin.picture("admin-account-codes");
    let secret = admin.text("section code");
    admin.write("#code", &one_time_code(&secret, -1));
    admin.press_text("button", "Ask for codes");
    admin.see(".codes li");
    admin.go("/admin/sign-in");
    admin.write("#username", "admin");
    admin.write("#password", "admin-demo-pass");
    admin.write("#totp", &one_time_code(&secret, 0));
    admin.press("form .btn--main");
    admin.see("nav");
    admin.go("/admin/account");
    admin.see_text("td", "To be set up");
    admin.picture("admin-account");
    admin.go("/admin/backup");
    admin.picture("admin-backup");
    assert_eq!(admin.run("return document.querySelectorAll('h1').length", Value::Array(vec![])), 1);
}
