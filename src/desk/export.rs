//! A desk back to its file: every setting that has an effect, in a fixed order, without passwords and
//! secrets.
//!
//! Settings at their default are written too: a desk must not change because a later version has another
//! default.

use std::collections::BTreeSet;

mod bot;
mod channels;

use data_encoding::HEXLOWER;

use super::hours::{Hours, Span};
use super::ids::Id;
use super::language::{ByLanguage, Localized};
use super::model::{Agent, Channel, Contact, Desk, Masking, Token};
use super::notify::{Field, NotifyKind, NotifyWritten};
use super::parse::FORMAT_VERSION;
use super::secret::Credential;
use super::template::Template;
use super::tree::{Tree, Value};
use super::widget::{Audience, Condition, Origin, PagePattern, Prechat, Rule, Widget};
use super::words::Word;
use super::workstream::{Auth, Workstream};

/// Which credentials go along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    /// None.
    LeftOut,
    /// Hashes, for the store.
    Hashes,
    /// Hashes, and of a plain one only that there is one, for the version.
    Marks,
}

impl Desk {
    /// The desk as a file, without passwords and secrets. Loaded over the desk in force it gives an equal
    /// desk: what is left out is kept.
    pub fn export(&self) -> String {
        let head = "# The desk, as exported. Passwords and secrets are left out: what is left out is kept.\n";
        format!("{head}{}", self.tree(Secrets::LeftOut).to_toml())
    }

    /// The desk as the store keeps it: with the hashes of passwords and secrets, and so itself a secret. A
    /// plain one is left out; hash before storing. Read with [`LoadOptions::stored`](super::LoadOptions).
    pub fn export_stored(&self) -> String {
        self.tree(Secrets::Hashes).to_toml()
    }

    /// A name for the desk's content, 32 characters from 0-9 and a-f, for `ETag`: two desks that differ have
    /// different ones, a changed password included once it is hashed. Plain passwords have no part in it: it
    /// could be guessed back.
    pub fn version(&self) -> String {
        let text = self.tree(Secrets::Marks).to_toml();
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        HEXLOWER.encode(&digest.as_ref()[..16])
    }

    /// What a comparison walks: no secrets.
    pub(super) fn public_tree(&self) -> Tree {
        self.tree(Secrets::LeftOut)
    }

    fn tree(&self, secrets: Secrets) -> Tree {
        let mut tree = Tree::default();
        tree.put("version", FORMAT_VERSION);
        tree.put("name", self.name.as_str());
        tree.put_shown("theme", &self.theme);
        tree.put_shown("locale", &self.locale);
        tree.put_some("monitoring_notice", self.monitoring_notice.as_ref().map(localized));
        tree.put_shown("consent", &self.consent);
        tree.put_some("agent_notice", self.agent_notice.as_ref().map(localized));
        tree.put("retention_days", self.retention_days);
        if self.audit_days > 0 {
            tree.put("audit_days", self.audit_days);
        }
        if !self.totp_required.is_empty() {
            let mut sign_in = Tree::default();
            sign_in.put("totp_required", shown_list(&self.totp_required));
            tree.put_table("sign_in", sign_in);
        }
        tree.put_table("figures", switch("per_agent", self.figures_per_agent));
        if let Some(mail) = &self.mail {
            tree.put_table("mail", channels::mail(mail, secrets));
        }
        tree.put_table("missed", switch("enabled", self.missed_enabled));
        tree.put_table("reject", switch("enabled", self.reject_enabled));
        tree.put_table("masking", masking(&self.masking));
        tree.put_tables("hours", named(&self.hours, |hours| (hours.id.to_string(), hours_tree(hours))));
        self.put_queues(&mut tree);
        tree.put_tables(
            "workstream",
            named(&self.workstreams, |w| (w.id.to_string(), workstream(w, secrets))),
        );
        tree.put_tables("widget", named(&self.widgets, |w| (w.id.to_string(), widget(w))));
        tree.put_tables("agent", named(&self.agents, |a| (a.username.to_string(), agent(a, secrets))));
        tree.put_tables("bot", named(&self.bots, |b| (b.id.to_string(), bot::bot(b))));
        tree.put_tables("token", named(&self.tokens, |t| (t.name.to_string(), token(t, secrets))));
        self.put_lists(&mut tree);
        tree.put_tables("contact", contacts(&self.contacts));
        tree
    }

    fn put_queues(&self, tree: &mut Tree) {
        let queues = named(&self.queues, |queue| {
            let mut tree = Tree::default();
            tree.put_shown("id", &queue.id);
            tree.put("name", queue.name.as_str());
            tree.put("priority", queue.priority);
            tree.put_shown("distribution", &queue.distribution);
            tree.put_some("hours", queue.hours.as_ref().map(Id::as_str));
            (queue.id.to_string(), tree)
        });
        tree.put_tables("queue", queues);
    }

    fn put_lists(&self, tree: &mut Tree) {
        let presences = named(&self.presences, |presence| {
            let mut tree = labelled(&presence.id, &presence.label);
            tree.put_shown("base", &presence.base);
            (presence.id.to_string(), tree)
        });
        let reasons = named(&self.wrapup_reasons, |reason| {
            (reason.id.to_string(), labelled(&reason.id, &reason.label))
        });
        let replies = named(&self.quick_replies, |reply| {
            let mut tree = Tree::default();
            tree.put_shown("id", &reply.id);
            tree.put("text", template(&reply.text));
            (reply.id.to_string(), tree)
        });
        let articles = named(&self.articles, |article| {
            let mut tree = Tree::default();
            tree.put_shown("id", &article.id);
            tree.put("title", article.title.as_str());
            tree.put_some("link", article.link.as_deref());
            tree.put("text", article.text.as_str());
            (article.id.to_string(), tree)
        });
        tree.put_tables("presence", presences);
        tree.put_tables("wrapup_reason", reasons);
        tree.put_tables("quick_reply", replies);
        tree.put_tables("article", articles);
    }
}

pub(super) fn named<T>(list: &[T], tree: impl Fn(&T) -> (String, Tree)) -> Vec<(String, Tree)> {
    list.iter().map(tree).collect()
}

pub(super) fn localized(text: &Localized) -> Value {
    by_language(text, String::as_str)
}

pub(super) fn template(text: &ByLanguage<Template>) -> Value {
    by_language(text, Template::source)
}

fn by_language<T>(texts: &ByLanguage<T>, source: impl Fn(&T) -> &str) -> Value {
    match texts {
        ByLanguage::One(text) => source(text).into(),
        ByLanguage::Each(texts) => {
            Value::Inline(texts.iter().map(|(lang, text)| (lang.to_string(), source(text).into())).collect())
        }
    }
}

fn switch(key: &str, on: bool) -> Tree {
    let mut tree = Tree::default();
    tree.put(key, on);
    tree
}

fn labelled(id: &impl Id, label: &Localized) -> Tree {
    let mut tree = Tree::default();
    tree.put("id", id.as_str());
    tree.put("label", localized(label));
    tree
}

fn shown_list<T: std::fmt::Display>(list: &[T]) -> Vec<Value> {
    list.iter().map(|entry| Value::Text(entry.to_string())).collect()
}

fn masking(masking: &Masking) -> Tree {
    let mut tree = Tree::default();
    tree.put("enabled", masking.enabled);
    tree.put("pci", masking.pci);
    tree.put("pii", masking.pii);
    tree.put_some("phone_region", masking.phone_region.as_deref());
    tree.put("store_pci", masking.store_pci);
    tree.put("reveal", shown_list(&masking.reveal));
    tree
}

fn hours_tree(hours: &Hours) -> Tree {
    let spans = |spans: &[Span]| Value::List(shown_list(spans));
    let mut tree = Tree::default();
    tree.put_shown("id", &hours.id);
    tree.put("timezone", hours.zone.name());
    let week = super::hours::WEEK.iter().zip(&hours.week).filter(|(_, day)| !day.is_empty());
    tree.put("week", Value::Inline(week.map(|(name, day)| ((*name).to_owned(), spans(day))).collect()));
    let holidays = named(&hours.holidays, |holiday| {
        let mut tree = Tree::default();
        tree.put_shown("date", &holiday.date);
        tree.put_some("name", holiday.name.as_ref().map(localized));
        tree.put("open", spans(&holiday.open));
        (holiday.date.to_string(), tree)
    });
    tree.put_tables("holidays", holidays);
    tree
}

fn workstream(workstream: &Workstream, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("id", &workstream.id);
    tree.put("name", workstream.name.as_str());
    tree.put_shown("channel", &workstream.channel);
    tree.put_shown("mode", &workstream.mode);
    tree.put_shown("queue", &workstream.queue);
    tree.put_some("hours", workstream.hours.as_ref().map(Id::as_str));
    tree.put("units", workstream.units);
    tree.put("allowed_presences", shown_list(&workstream.allowed_presences));
    tree.put_shown("transfer_refused", &workstream.transfer_refused);
    tree.put("undelivered_reroute_s", workstream.undelivered_reroute_s);
    tree.put_shown("wrapup", &workstream.wrapup);
    tree.put("wrapup_keeps_capacity", workstream.wrapup_keeps_capacity);
    tree.put("wrapup_deadline_s", workstream.wrapup_deadline_s);
    tree.put_some("wrapup_default", workstream.wrapup_default.as_ref().map(Id::as_str));
    tree.put("agent_lost_s", workstream.agent_lost_s);
    tree.put("customer_lost_s", workstream.customer_lost_s);
    if workstream.is_persistent() {
        tree.put("auto_close_waiting_h", workstream.auto_close_waiting_h);
        tree.put("keep_same_agent", workstream.keep_same_agent);
        tree.put("offer_out_of_hours", workstream.offer_out_of_hours);
    } else if workstream.channel == Channel::Chat {
        tree.put("offline_message", workstream.offline_message);
    }
    if let Some(bot) = &workstream.bot {
        bot::put_first(&mut tree, bot);
    }
    if workstream.rate_during_chat {
        tree.put("rate_during_chat", true);
    }
    if let Some(auth) = &workstream.auth {
        tree.put_table("auth", auth_tree(auth));
    }
    channels::put(&mut tree, workstream, secrets);
    let mut notify = Tree::default();
    for kind in NotifyKind::ALL {
        if let Some(written) = workstream.notify.written(*kind) {
            notify.put_table(kind.word(), notify_tree(written));
        }
    }
    tree.put_table("notify", notify);
    let mut texts = Tree::default();
    for (key, text) in &workstream.texts {
        texts.put(key.word(), template(text));
    }
    tree.put_table("texts", texts);
    tree
}

fn auth_tree(auth: &Auth) -> Tree {
    let mut tree = Tree::default();
    tree.put("issuer", auth.issuer.as_str());
    tree.put("audience", auth.audience.as_str());
    let keys: Vec<Value> = auth.public_keys.iter().map(|key| Value::Text(key.to_pem())).collect();
    tree.put("public_keys", keys);
    tree
}

fn notify_tree(written: &NotifyWritten) -> Tree {
    let field = |field: &Field| {
        let value = field.value.source().into();
        Value::Inline(vec![("label".to_owned(), localized(&field.label)), ("value".to_owned(), value)])
    };
    let mut tree = Tree::default();
    tree.put_some("style", written.style.map(Word::word));
    tree.put_some("title", written.title.as_ref().map(template));
    tree.put_some(
        "fields",
        written.fields.as_ref().map(|fields| fields.iter().map(field).collect::<Vec<_>>()),
    );
    tree.put_some("timeout_s", written.timeout_s);
    tree.put_some("show_timeout", written.show_timeout);
    tree.put_some("reject", written.reject);
    tree.put_some("accept_label", written.accept_label.as_ref().map(localized));
    tree.put_some("auto", written.auto.map(Word::word));
    tree.put_some("desktop", written.desktop.map(Word::word));
    tree
}

fn widget(widget: &Widget) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("id", &widget.id);
    tree.put_shown("workstream", &widget.workstream);
    tree.put("allowed_origins", shown_list::<Origin>(&widget.allowed_origins));
    tree.put_some("hours", widget.hours.as_ref().map(Id::as_str));
    tree.put_some("title", widget.title.as_ref().map(localized));
    tree.put_tables(
        "prechat",
        named(&widget.prechat, |question| (question.id.to_string(), prechat(question))),
    );
    let mut proactive = switch("enabled", widget.proactive.enabled);
    proactive.put_some("visitor_max_per_day", widget.proactive.visitor_max_per_day);
    proactive.put_tables("rule", named(&widget.proactive.rules, |r| (r.id.to_string(), rule(r))));
    tree.put_table("proactive", proactive);
    tree
}

fn prechat(question: &Prechat) -> Tree {
    let mut tree = labelled(&question.id, &question.label);
    tree.put_shown("kind", &question.kind);
    tree.put("required", question.required);
    if !question.options.is_empty() {
        tree.put("options", question.options.iter().map(localized).collect::<Vec<_>>());
    }
    tree
}

fn rule(rule: &Rule) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("id", &rule.id);
    tree.put("text", template(&rule.text));
    tree.put("where", pages(&rule.r#where));
    tree.put("path", pages(&rule.path));
    tree.put("min_seconds_on_page", rule.min_seconds_on_page);
    tree.put("min_seconds_on_site", rule.min_seconds_on_site);
    tree.put("min_scroll_percent", rule.min_scroll_percent);
    tree.put("leaving", rule.leaving);
    tree.put_some("when", rule.when.as_ref().map(Id::as_str));
    tree.put_some("from", rule.from.map(|day| Value::from(&*day.to_string())));
    tree.put_some("until", rule.until.map(|day| Value::from(&*day.to_string())));
    tree.put("again_after_h", rule.again_after_h);
    tree.put_some("max_per_day", rule.max_per_day);
    tree.put_table("audience", audience(&rule.audience));
    tree
}

fn audience(audience: &Audience) -> Tree {
    let mut tree = Tree::default();
    tree.put("min_visits", audience.min_visits);
    tree.put_some("max_visits", audience.max_visits);
    tree.put("referrer", pages(&audience.referrer));
    tree.put("device", shown_list(&audience.device));
    tree.put("language", shown_list(&audience.language));
    tree.put_some("authenticated", audience.authenticated);
    if !audience.context.is_empty() {
        let entry = |(key, value): &(Box<str>, Condition)| (key.to_string(), Value::from(value.as_str()));
        tree.put("context", Value::Inline(audience.context.iter().map(entry).collect()));
    }
    tree
}

fn pages(pages: &[PagePattern]) -> Vec<Value> {
    pages.iter().map(|page| page.as_str().into()).collect()
}

fn agent(agent: &Agent, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("username", &agent.username);
    tree.put("name", agent.name.as_str());
    tree.put_some("password_hash", credential(&agent.password, secrets));
    tree.put("roles", shown_list(&agent.roles));
    tree.put("queues", shown_list(&agent.queues));
    tree.put("capacity", agent.capacity);
    tree.put_some("extension", agent.extension.as_deref());
    tree
}

fn token(token: &Token, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put_shown("name", &token.name);
    tree.put_some("secret_hash", credential(&token.secret, secrets));
    tree.put("roles", shown_list(&token.roles));
    tree
}

fn credential(credential: &Credential, secrets: Secrets) -> Option<&str> {
    match (secrets, credential) {
        (Secrets::LeftOut, _) | (_, Credential::Absent) | (Secrets::Hashes, Credential::Plain(_)) => None,
        (Secrets::Marks, Credential::Plain(_)) => Some("set, to be hashed"),
        (_, Credential::Hashed(hash)) => Some(hash.expose()),
    }
}

/// A contact has no id: in a path it goes by its name, and the second of a name by its place too.
fn contacts(contacts: &[Contact]) -> Vec<(String, Tree)> {
    let mut names = BTreeSet::new();
    let mut trees = Vec::with_capacity(contacts.len());
    for (index, contact) in contacts.iter().enumerate() {
        let mut tree = Tree::default();
        tree.put("name", contact.name.as_str());
        tree.put_some("email", contact.email.as_deref());
        tree.put_some("mobile", contact.mobile.as_deref());
        tree.put_some("phone", contact.phone.as_deref());
        tree.put_some("sub", contact.sub.as_deref());
        let first = names.insert(contact.name.as_str());
        trees.push((if first { contact.name.clone() } else { format!("{} ({index})", contact.name) }, tree));
    }
    trees
}
