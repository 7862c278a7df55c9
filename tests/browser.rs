//! What people see: Chromium on the pages of a running box, with the box's own authority trusted.
//!
//! Needs `chromium`, `chromedriver` and `certutil` (`make tools`). Pictures land in `target/screenshots`.

mod support;

#[path = "browser/access.rs"]
mod access;
#[path = "browser/account.rs"]
mod account;
#[path = "browser/channels.rs"]
mod channels;
#[path = "browser/chromedriver.rs"]
mod chromedriver;
#[path = "browser/colleagues.rs"]
mod colleagues;
#[path = "browser/conversation.rs"]
mod conversation;
#[path = "browser/desktop.rs"]
mod desktop;
#[path = "browser/finding.rs"]
mod finding;
#[path = "browser/languages.rs"]
mod languages;
#[path = "browser/notices.rs"]
mod notices;
#[path = "browser/other_person.rs"]
mod other_person;
#[path = "browser/other_site.rs"]
mod other_site;
#[path = "browser/page.rs"]
mod page;
#[path = "browser/people.rs"]
mod people;
#[path = "browser/persistent.rs"]
mod persistent;
#[path = "browser/pictures.rs"]
mod pictures;
#[path = "browser/proactive.rs"]
mod proactive;
#[path = "browser/shift.rs"]
mod shift;
#[path = "browser/supervisor.rs"]
mod supervisor;
#[path = "browser/tour.rs"]
mod tour;
#[path = "browser/widget.rs"]
mod widget;
