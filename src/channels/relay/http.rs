//! One HTTP request, made once: bounded in time and size, no redirect, no proxy, no connection kept.
//!
//! What a failure means is decided here, where it is known: a request that found no connection cannot have arrived;
//! of any other nobody knows.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Timeout};

use crate::channels::call::{Http, Reply};
use crate::limits::{RELAY_ANSWER_BYTES_MAX, RELAY_CALL_MS_MAX, RELAY_CONNECT_MS_MAX};

/// Where Debian keeps the authorities the world trusts; `SSL_CERT_FILE` names another file.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Makes requests.
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    pub(super) fn new() -> Client {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(authorities())))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_millis(RELAY_CALL_MS_MAX)))
            .timeout_connect(Some(Duration::from_millis(RELAY_CONNECT_MS_MAX)))
            .timeout_resolve(Some(Duration::from_millis(RELAY_CONNECT_MS_MAX)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent(concat!("deskbell/", env!("CARGO_PKG_VERSION")))
            .build();
        Client { agent: config.new_agent() }
    }

    /// Makes a request and says what came of it.
    pub(super) fn make(&self, http: &Http) -> Reply {
        let answer = if http.method == "GET" {
            let mut request = self.agent.get(&http.url);
            for (name, value) in &http.headers {
                request = request.header(name, value);
            }
            request.call()
        } else {
            let mut request = self.agent.post(&http.url);
            for (name, value) in &http.headers {
                request = request.header(name, value);
            }
            request.send(&http.body)
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return failed(&error),
        };
        let wait_s =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let reader = answer.body_mut().with_config().limit(RELAY_ANSWER_BYTES_MAX as u64 + 1).reader();
        // The head has come: a body that breaks off, or is too long, is what there is of it.
        let _ = io::copy(&mut io::Read::take(reader, RELAY_ANSWER_BYTES_MAX as u64), &mut body);
        Reply::Answer { status, wait_s, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// Nothing of an error's text goes further than its kind: it may hold the address, and that may hold a secret.
fn failed(error: &ureq::Error) -> Reply {
    use ureq::Error;
    match error {
        Error::HostNotFound => Reply::Unreached("the provider's name is not known".to_owned()),
        Error::ConnectionFailed | Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Reply::Unreached("the provider cannot be reached".to_owned())
        }
        Error::Io(error) if never_connected(error.kind()) => {
            Reply::Unreached("the provider cannot be reached".to_owned())
        }
        Error::BadUri(_) | Error::Http(_) => Reply::Unreached("the provider's address is not one".to_owned()),
        Error::Tls(_) | Error::Rustls(_) => untrusted(),
        Error::Io(error) if is_untrusted(error) => untrusted(),
        Error::Timeout(_) => Reply::Unclear("the provider takes too long".to_owned()),
        _ => Reply::Unclear("the connection to the provider broke off".to_owned()),
    }
}

fn untrusted() -> Reply {
    Reply::Unreached("the provider's certificate is not trusted".to_owned())
}

/// The handshake is done with the first write, so its end comes as that write's fault. Nothing was said before it.
fn is_untrusted(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::PeerIncompatible(_)))
}

fn never_connected(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable
    )
}

fn authorities() -> Vec<Certificate<'static>> {
    let file = std::env::var("SSL_CERT_FILE").unwrap_or_else(|_| AUTHORITIES.to_owned());
    let pem = std::fs::read(&file).unwrap_or_else(|error| {
        log::warn!("{file}: {error}: no provider's certificate will be trusted");
        Vec::new()
    });
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    certificates.collect()
}
