//! A workstream's provider, back to its file.

use data_encoding::HEXLOWER;

use super::Secrets;
use crate::desk::channels::{Messenger, Sms, SmsProvider, Voice, Webhook};
use crate::desk::mail::Mail;
use crate::desk::secret::Kept;
use crate::desk::tree::{Tree, Value};
use crate::desk::workstream::Workstream;

/// Puts the tables of a workstream's provider.
pub(super) fn put(tree: &mut Tree, workstream: &Workstream, secrets: Secrets) {
    if let Some(sms) = &workstream.sms {
        tree.put_table("sms", sms_tree(sms, secrets));
    }
    if let Some(messenger) = &workstream.messenger {
        tree.put_table("messenger", messenger_tree(messenger, secrets));
    }
    if let Some(voice) = &workstream.voice {
        tree.put_table("voice", voice_tree(voice));
    }
    if let Some(webhook) = &workstream.webhook {
        tree.put_table("webhook", webhook_tree(webhook, secrets));
    }
}

fn sms_tree(sms: &Sms, secrets: Secrets) -> Tree {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let words = |words: &[String]| words.iter().map(|word| word.as_str().into()).collect::<Vec<Value>>();
    let mut tree = Tree::default();
    tree.put_shown("provider", &sms.provider);
    tree.put_some("from", filled(&sms.from).as_deref());
    tree.put_some("account", filled(&sms.account).as_deref());
    tree.put_some("url", filled(&sms.url).as_deref());
    if sms.provider == SmsProvider::Gateway {
        tree.put_shown("asked", &sms.asked);
        tree.put("request", sms.request.as_str());
    }
    tree.put_some("folder", filled(&sms.folder).as_deref());
    tree.put("stop_words", words(&sms.stop_words));
    tree.put("start_words", words(&sms.start_words));
    tree.put_some("secret", kept(&sms.secret, secrets).as_deref());
    tree
}

fn messenger_tree(messenger: &Messenger, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put("page", messenger.page.as_str());
    tree.put("url", messenger.url.as_str());
    tree.put_some("page_token", kept(&messenger.page_token, secrets).as_deref());
    tree.put_some("app_secret", kept(&messenger.app_secret, secrets).as_deref());
    tree.put_some("verify_token", kept(&messenger.verify_token, secrets).as_deref());
    tree
}

fn voice_tree(voice: &Voice) -> Tree {
    let mut tree = Tree::default();
    tree.put("wait_max_s", voice.wait_max_s);
    tree.put_some("host", voice.host.as_deref());
    tree
}

fn webhook_tree(webhook: &Webhook, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put("url", webhook.url.as_str());
    tree.put_some("secret", kept(&webhook.secret, secrets).as_deref());
    tree
}

/// The table of the mail relay.
pub(super) fn mail(mail: &Mail, secrets: Secrets) -> Tree {
    let mut tree = Tree::default();
    tree.put("host", mail.host.as_str());
    tree.put("port", u32::from(mail.port));
    tree.put_shown("security", &mail.security);
    tree.put_some("user", (!mail.user.is_empty()).then_some(mail.user.as_str()));
    tree.put("from", mail.from.as_str());
    tree.put_some("password", kept(&mail.password, secrets).as_deref());
    tree
}

/// For the version a mark that differs with the secret and does not hold it.
fn kept(secret: &Kept, secrets: Secrets) -> Option<String> {
    match secrets {
        _ if secret.is_absent() => None,
        Secrets::LeftOut => None,
        Secrets::Hashes => Some(secret.expose().to_owned()),
        Secrets::Marks => {
            let digest = ring::digest::digest(&ring::digest::SHA256, secret.expose().as_bytes());
            Some(HEXLOWER.encode(digest.as_ref()))
        }
    }
}
