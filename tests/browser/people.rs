//! A customer at the shop and an agent at her desk, each in a browser of their own.

use crate::page::{Browser, keys};
use crate::support::Desk;

/// The frame the widget puts on the shop's page.
pub(crate) const FRAME: &str = "deskbell-chat >>> iframe";
const LAUNCHER: &str = "deskbell-chat >>> button[aria-expanded]";

/// A customer with the demo shop before her.
pub(crate) struct Customer {
    pub(crate) page: Browser,
}

impl Customer {
    /// At the shop, the chat not yet opened.
    pub(crate) fn at_the_shop(desk: &Desk) -> Customer {
        let page = Browser::new(desk);
        page.go("/demo/");
        page.see(LAUNCHER);
        Customer { page }
    }

    /// Presses the launcher and looks into the chat.
    pub(crate) fn open_chat(&self) {
        self.page.leave();
        self.page.press(LAUNCHER);
        self.page.enter(FRAME);
    }

    /// Opens the chat and starts a conversation.
    pub(crate) fn start(&self, name: &str, comment: &str) {
        self.open_chat();
        self.page.write("#f-name", name);
        self.page.write("#f-comment", comment);
        self.page.press(".p__pane .p__go");
        self.page.see_text(".me .p__text", comment);
    }

    /// The page anew; the chat comes back open by itself.
    pub(crate) fn reload(&self) {
        self.page.leave();
        self.page.reload();
        self.page.enter(FRAME);
    }

    pub(crate) fn say(&self, text: &str) {
        self.page.write("#write", text);
        self.page.write("#write", keys::ENTER);
    }

    /// Waits until an agent's words are there.
    pub(crate) fn hear(&self, text: &str) {
        self.page.see_text(".them .p__text", text);
    }

    /// Waits until her own words are with the box.
    pub(crate) fn sent(&self, text: &str) {
        self.page.see_text(".me:not(.me--pending, .me--failed) .p__text", text);
    }

    /// Everything said, in order, by both.
    pub(crate) fn reads(&self) -> Vec<String> {
        self.page.texts(".p__text")
    }
}

/// An agent at the desktop.
pub(crate) struct Agent {
    pub(crate) page: Browser,
}

impl Agent {
    /// Signed in and ready.
    pub(crate) fn signed_in(desk: &Desk, username: &str) -> Agent {
        let agent = Agent { page: Browser::new(desk) };
        agent.page.go("/agent/");
        agent.sign_in(username);
        agent
    }

    pub(crate) fn sign_in(&self, username: &str) {
        self.page.write("#username", username);
        self.page.write("#password", &format!("{username}-demo-pass"));
        self.page.press(".signin__in .btn--main");
        self.page.see("#presence");
    }

    /// Waits for a request and takes it with the pointer.
    pub(crate) fn accept(&self, customer: &str) {
        self.page.see_text(".alert h2", customer);
        self.page.press(".alert .btn--main");
        self.opened(customer);
    }

    /// Waits until a conversation is before her, ready to be answered.
    pub(crate) fn opened(&self, customer: &str) {
        self.page.see_text(".talk__head h1", customer);
        self.page.see("#reply");
    }

    /// Opens a session from the list.
    pub(crate) fn open(&self, customer: &str) {
        self.page.press_text(".sessions .row", customer);
        self.page.see_text(".talk__head h1", customer);
    }

    pub(crate) fn say(&self, text: &str) {
        self.page.write("#reply", text);
        self.page.write("#reply", keys::ENTER);
    }

    /// Waits until a customer's words are there.
    pub(crate) fn hear(&self, text: &str) {
        self.page.see_text(".said:not(.said--us) .bub", text);
    }

    /// Waits until her own words are with the box.
    pub(crate) fn sent(&self, text: &str) {
        self.page.see_text(".said--us:not(.said--out) .bub", text);
    }

    /// Everything said, in order, by both.
    pub(crate) fn reads(&self) -> Vec<String> {
        self.page.texts(".said .bub")
    }

    /// What the top bar says of her presence.
    pub(crate) fn presence(&self) -> String {
        self.page.text("#presence")
    }

    pub(crate) fn presence_becomes(&self, name: &str) {
        self.page.see_text("#presence", name);
    }

    /// Chooses a reason in the open wrap-up dialog by a part of its name, and submits.
    pub(crate) fn wrap_up(&self, part: &str, reason: &str, comment: &str) {
        self.page.see("dialog #why");
        self.page.write("#why", part);
        self.page.see_text("#options li", reason);
        self.page.until("one reason", || (self.page.texts("#options li").len() == 1).then_some(()));
        self.page.write("#why", keys::ENTER);
        self.page.write("#com", comment);
        self.page.press("dialog .dlg__f .btn--main");
        self.page.gone("dialog");
    }
}
