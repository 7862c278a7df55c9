//! Two people at one browser, one after the other (persistent chat, signed customers).

use crate::page::Browser;
use crate::people::Customer;
use crate::support::Desk;

/// Without a reload: nothing of the one before is left, and what she writes is hers.
#[test]
fn another_person_at_the_same_browser_sees_nothing_of_the_one_before() {
    let desk = Desk::start(&["--wall-clock", "2026-10-05T08:00:00Z"]);
    let jan = Customer { page: Browser::new(&desk) };
    jan.page.go("/demo/portal");
    jan.open_chat();
    jan.page.see("#write");
    jan.say("My order 4711, please.");
    jan.sent("My order 4711, please.");
    jan.page.leave();
    jan.page.run(
        "const who = document.getElementById('who');
         who.selectedIndex = [...who.options].findIndex((one) => one.value && one.value !== who.value);
         who.dispatchEvent(new Event('change'));",
        serde_json::json!([]),
    );
    jan.page.enter(crate::people::FRAME);
    jan.page.gone(".me .p__text");
    jan.page.see("#write");
    jan.say("Mine is 4712.");
    jan.sent("Mine is 4712.");
    assert_eq!(jan.reads(), ["Mine is 4712."]);
}
