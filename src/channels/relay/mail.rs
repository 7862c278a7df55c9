//! One letter, handed to a mail relay once. The relay's answer goes back as it is: what it means is decided in the box.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, Transport};

use crate::channels::call::{Letter, Reply};
use crate::limits::RELAY_CALL_MS_MAX;

/// Hands it over. Certificates are judged by the authorities of the machine; `SSL_CERT_FILE` names others.
pub(super) fn send(letter: &Letter) -> Reply {
    let address = |text: &str| text.parse::<Address>().ok();
    let envelope = address(&letter.to).and_then(|to| Envelope::new(address(&letter.from), vec![to]).ok());
    let Some(envelope) = envelope else { return Reply::Unreached("that is no address".to_owned()) };
    let Some(tls) = tls(letter) else {
        return Reply::Unreached("the mail relay's certificate cannot be judged".to_owned());
    };
    let mut line = SmtpTransport::builder_dangerous(&letter.host)
        .port(letter.port)
        .tls(tls)
        .timeout(Some(Duration::from_millis(RELAY_CALL_MS_MAX)));
    if !letter.user.is_empty() {
        line = line.credentials(Credentials::new(letter.user.clone(), letter.password.clone()));
    }
    match line.build().send_raw(&envelope, letter.text.as_bytes()) {
        Ok(answer) => Reply::Answer {
            status: answer.code().into(),
            wait_s: None,
            body: answer.message().collect::<Vec<_>>().join(" "),
        },
        Err(error) => failed(&error),
    }
}

fn tls(letter: &Letter) -> Option<Tls> {
    if letter.security == "none" {
        return Some(Tls::None);
    }
    let parameters = TlsParameters::new(letter.host.clone()).ok()?;
    Some(if letter.security == "tls" { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}

/// A code is an answer. A line that broke off may have had the letter; one that never stood, or that nobody trusted, has
/// not.
fn failed(error: &lettre::transport::smtp::Error) -> Reply {
    use std::error::Error;
    if let Some(code) = error.status() {
        let body = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        return Reply::Answer { status: code.into(), wait_s: None, body };
    }
    if error.is_tls() || error.is_client() {
        return Reply::Unreached(
            "the mail relay's line cannot be trusted, or it does not take the sign-in".to_owned(),
        );
    }
    let mut cause = error.source();
    while let Some(one) = cause {
        use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, InvalidData, NetworkUnreachable};
        match one.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(ConnectionRefused | HostUnreachable | NetworkUnreachable) => {
                return Reply::Unreached("the mail relay cannot be reached".to_owned());
            }
            // What TLS says of a certificate it does not trust.
            Some(InvalidData) => {
                return Reply::Unreached("the mail relay's certificate is not trusted".to_owned());
            }
            _ => cause = one.source(),
        }
    }
    Reply::Unclear("the line to the mail relay broke off".to_owned())
}
