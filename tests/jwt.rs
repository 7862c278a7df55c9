//! The token by which a site names its customer: what is taken, and one test for every way to be refused
//! (REQ S0-15; protocol, "Who may connect"). The keys under `tests/data` serve these tests only.

use data_encoding::BASE64URL_NOPAD;
use deskbell::gateway::jwt::{
    CONTEXT_KEYS_MAX, ContextValue, Customer, DemoSigner, JwtFault, KEYS_MAX, KeyFault, LEEWAY_S,
    NAME_CHARS_MAX, PublicKey, SignerFault, TOKEN_BYTES_MAX, Trust, verify,
};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};

const NOW: i64 = 1_795_000_000;
const RSA_PRIVATE: &[u8] = include_bytes!("data/jwt-test-only-rsa2048.pkcs8.der");
const RSA_PUBLIC: &[u8] = include_bytes!("data/jwt-test-only-rsa2048.spki.der");

fn trust(keys: Vec<PublicKey>) -> Trust {
    Trust { issuer: "https://shop.example".into(), audience: "deskbell".into(), keys }
}

fn key_of(signer: &DemoSigner) -> PublicKey {
    PublicKey::from_spki_der(&signer.public_key_der()).unwrap()
}

fn rsa_key() -> PublicKey {
    PublicKey::from_spki_der(RSA_PUBLIC).unwrap()
}

fn claims() -> Value {
    json!({"sub": "c-17", "iss": "https://shop.example", "aud": "deskbell", "exp": NOW + 300})
}

/// The claims with one of them replaced.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// A token with a good RSA signature over exactly these bytes.
fn rsa_token(header: &str, claims: &str, encoding: &'static dyn RsaEncoding) -> String {
    let pair = RsaKeyPair::from_pkcs8(RSA_PRIVATE).unwrap();
    let signed = format!("{}.{}", b64(header), b64(claims));
    let mut seal = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut seal).unwrap();
    format!("{signed}.{}", b64(seal))
}

fn rs256(header: &str, claims: &str) -> String {
    rsa_token(header, claims, &RSA_PKCS1_SHA256)
}

/// What becomes of well-signed claims, by RS256.
fn outcome(claims: &Value) -> Result<Customer, JwtFault> {
    outcome_raw(r#"{"alg":"RS256"}"#, &claims.to_string())
}

fn outcome_raw(header: &str, claims: &str) -> Result<Customer, JwtFault> {
    verify(&rs256(header, claims), &trust(vec![rsa_key()]), NOW)
}

#[track_caller]
fn refused(claims: &Value, fault: JwtFault) {
    assert_eq!(outcome(claims), Err(fault), "{claims}");
}

#[track_caller]
fn header_refused(header: &str, fault: JwtFault) {
    assert_eq!(outcome_raw(header, &claims().to_string()), Err(fault), "{header}");
}

// ── taken ───────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn both_algorithms_are_taken_with_everything_they_say() {
    let signer = DemoSigner::generate().unwrap();
    let mut full = claims();
    full["name"] = "Melissa de Vries".into();
    full["email"] = "melissa@gmail.com".into();
    full["phone_number"] = "+31612345678".into();
    full["context"] = json!({"tier": "gold", "orders": 12, "vip": true});
    full["scope"] = json!({"other": ["things", null]});
    let expected = Customer {
        subject: "c-17".into(),
        name: Some("Melissa de Vries".into()),
        email: Some("melissa@gmail.com".into()),
        phone: Some("+31612345678".into()),
        context: vec![
            ("orders".into(), ContextValue::Number(12.into())),
            ("tier".into(), ContextValue::Text("gold".into())),
            ("vip".into(), ContextValue::Flag(true)),
        ],
        expires_wall_s: NOW + 300,
    };
    assert_eq!(outcome(&full).as_ref(), Ok(&expected));
    let mut found = verify(&signer.sign(&full).unwrap(), &trust(vec![key_of(&signer)]), NOW).unwrap();
    found.context.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, expected);
}

#[test]
fn claims_that_may_be_missing_or_null_are_none() {
    let mut bare = claims();
    bare["name"] = Value::Null;
    let customer = outcome(&bare).unwrap();
    assert_eq!((customer.name, customer.email, customer.phone, customer.context), (None, None, None, vec![]));
}

#[test]
fn an_audience_may_stand_in_a_list() {
    assert!(outcome(&claims_with("aud", json!(["other", "deskbell"]))).is_ok());
}

#[test]
fn any_of_several_keys_verifies_while_a_site_changes_them() {
    let (old, new) = (DemoSigner::generate().unwrap(), DemoSigner::generate().unwrap());
    let trust = trust(vec![rsa_key(), key_of(&old), key_of(&new)]);
    for signer in [&old, &new] {
        assert!(verify(&signer.sign(&claims()).unwrap(), &trust, NOW).is_ok());
    }
}

#[test]
fn kid_is_only_a_hint() {
    let other = PublicKey::from_spki_der(RSA_PUBLIC).unwrap();
    for (kid, id) in [("a", "a"), ("a", "b"), ("../../etc/passwd", "a")] {
        let header = json!({"alg": "RS256", "typ": "jwt", "kid": kid}).to_string();
        let trust = trust(vec![other.clone().with_id(id)]);
        assert!(verify(&rs256(&header, &claims().to_string()), &trust, NOW).is_ok(), "{kid} {id}");
    }
}

#[test]
fn sixty_seconds_of_leeway_and_not_one_more() {
    assert!(outcome(&claims_with("exp", json!(NOW - LEEWAY_S + 1))).is_ok());
    refused(&claims_with("exp", json!(NOW - LEEWAY_S)), JwtFault::Expired);
    assert!(outcome(&claims_with("nbf", json!(NOW + LEEWAY_S))).is_ok());
    refused(&claims_with("nbf", json!(NOW + LEEWAY_S + 1)), JwtFault::NotYet);
}

#[test]
fn times_at_the_end_of_the_scale_neither_wrap_nor_panic() {
    assert!(outcome(&claims_with("exp", json!(i64::MAX))).is_ok());
    assert!(outcome(&claims_with("exp", json!(u64::MAX))).is_ok());
    assert!(outcome(&claims_with("exp", json!(1e300))).is_ok());
    assert!(outcome(&claims_with("exp", json!(NOW as f64 + 0.5))).is_ok());
    refused(&claims_with("exp", json!(i64::MIN)), JwtFault::Expired);
    refused(&claims_with("exp", json!(0)), JwtFault::Expired);
    refused(&claims_with("nbf", json!(u64::MAX)), JwtFault::NotYet);
}

#[test]
fn the_demo_signer_survives_a_restart() {
    let first = DemoSigner::generate().unwrap();
    let again = DemoSigner::from_pkcs8(first.pkcs8()).unwrap();
    assert_eq!(first.public_key_der(), again.public_key_der());
    assert!(verify(&again.sign(&claims()).unwrap(), &trust(vec![key_of(&first)]), NOW).is_ok());
    assert_eq!(DemoSigner::from_pkcs8(b"nonsense").err(), Some(SignerFault::Key));
    assert_eq!(DemoSigner::from_pkcs8(RSA_PRIVATE).err(), Some(SignerFault::Key));
}

// ── the shape of the token ──────────────────────────────────────────────────────────────────────────

#[test]
fn a_token_over_eight_kibibytes_is_refused_unread() {
    let token = "a".repeat(TOKEN_BYTES_MAX + 1);
    assert_eq!(verify(&token, &trust(vec![]), NOW), Err(JwtFault::TooLong));
    assert_eq!(verify(&token[1..], &trust(vec![]), NOW), Err(JwtFault::NotThreeParts));
}

#[test]
fn other_than_three_parts_is_refused() {
    for token in ["", ".", "a.b", "a.b.c.d", "a.b.c.d.e.f", "...."] {
        let fault = if token == "...." { JwtFault::Encrypted } else { JwtFault::NotThreeParts };
        assert_eq!(verify(token, &trust(vec![rsa_key()]), NOW), Err(fault), "{token}");
    }
    assert_eq!(verify("a.b.c.d.e", &trust(vec![rsa_key()]), NOW), Err(JwtFault::Encrypted));
}

#[test]
fn only_the_one_canonical_base64_is_taken() {
    let trust = trust(vec![rsa_key()]);
    let token = rs256(r#"{"alg":"RS256"}"#, &claims().to_string());
    let last = token.chars().last().unwrap();
    // 256 bytes leave four bits over in the last character, which must be zero: A, Q, g or w.
    let twin = char::from(last as u8 + 1);
    for bad in [
        format!("{token}="),
        format!("{token} "),
        format!("{token}\n"),
        format!("{}{twin}", &token[..token.len() - 1]),
    ] {
        assert_eq!(verify(&bad, &trust, NOW), Err(JwtFault::NotBase64), "…{}", &bad[bad.len() - 3..]);
    }
    for bad in [" eyJ9.a.b", "é.a.b", "ey+/.a.b", "e.a.b"] {
        assert_eq!(verify(bad, &trust, NOW), Err(JwtFault::NotBase64), "{bad}");
    }
}

#[test]
fn what_is_not_an_object_or_has_more_behind_it_is_refused() {
    for bad in [
        "",
        "[]",
        "\"x\"",
        "null",
        "{",
        "{}{}",
        "{\"alg\":\"RS256\"} x",
        "\u{feff}{}",
        "{'alg':'RS256'}",
        "{\"a\":NaN}",
    ] {
        header_refused(bad, JwtFault::HeaderNotJson);
        assert_eq!(outcome_raw(r#"{"alg":"RS256"}"#, bad), Err(JwtFault::ClaimsNotJson), "{bad}");
    }
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(3000), "]".repeat(3000 / 10));
    assert_eq!(outcome_raw(r#"{"alg":"RS256"}"#, &deep), Err(JwtFault::ClaimsNotJson));
}

#[test]
fn a_member_that_stands_twice_is_refused_at_any_depth() {
    header_refused(r#"{"alg":"RS256","alg":"RS256"}"#, JwtFault::Duplicate);
    header_refused(r#"{"alg":"RS256","al\u0067":"none"}"#, JwtFault::Duplicate);
    let text = claims().to_string();
    for extra in [
        r#""sub":"c-18""#,
        r#""exp":9999999999"#,
        r#""context":{"a":1,"a":2}"#,
        r#""x":[{"y":{"z":1,"z":1}}]"#,
    ] {
        let doubled = format!("{},{extra}}}", &text[..text.len() - 1]);
        assert_eq!(outcome_raw(r#"{"alg":"RS256"}"#, &doubled), Err(JwtFault::Duplicate), "{extra}");
    }
}

// ── the header ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn only_two_algorithms_exist() {
    header_refused("{}", JwtFault::AlgorithmMissing);
    header_refused(r#"{"alg":256}"#, JwtFault::AlgorithmMissing);
    for none in ["none", "None", "NONE", "nOnE"] {
        header_refused(&json!({ "alg": none }).to_string(), JwtFault::AlgorithmNone);
    }
    for hmac in ["HS256", "HS384", "HS512", "hs256"] {
        header_refused(&json!({ "alg": hmac }).to_string(), JwtFault::AlgorithmSymmetric);
    }
    for other in ["RS384", "RS512", "PS256", "ES384", "ES256K", "EdDSA", "rs256", "RS256 ", "", "é"] {
        header_refused(&json!({ "alg": other }).to_string(), JwtFault::AlgorithmUnknown);
    }
}

#[test]
fn an_unsigned_token_is_refused_whatever_stands_for_its_signature() {
    let trust = trust(vec![rsa_key()]);
    for alg in ["none", "RS256"] {
        let token = format!("{}.{}.", b64(json!({ "alg": alg }).to_string()), b64(claims().to_string()));
        let fault = if alg == "none" { JwtFault::AlgorithmNone } else { JwtFault::Signature };
        assert_eq!(verify(&token, &trust, NOW), Err(fault));
    }
}

#[test]
fn extensions_that_must_be_understood_are_refused() {
    header_refused(r#"{"alg":"RS256","crit":["exp"]}"#, JwtFault::Critical);
    header_refused(r#"{"alg":"RS256","crit":[]}"#, JwtFault::Critical);
    header_refused(r#"{"alg":"RS256","b64":false}"#, JwtFault::Critical);
}

#[test]
fn a_token_within_a_token_is_refused() {
    header_refused(r#"{"alg":"RS256","cty":"JWT"}"#, JwtFault::Nested);
    header_refused(r#"{"alg":"RS256","typ":"at+jwt"}"#, JwtFault::Nested);
    header_refused(r#"{"alg":"RS256","typ":7}"#, JwtFault::Nested);
    let inner = rs256(r#"{"alg":"RS256"}"#, &claims().to_string());
    assert_eq!(outcome_raw(r#"{"alg":"RS256"}"#, &inner), Err(JwtFault::ClaimsNotJson));
}

#[test]
fn keys_that_a_token_brings_along_are_not_used() {
    let stranger = DemoSigner::generate().unwrap();
    let point = stranger.public_key_der();
    let (x, y) = (b64(&point[27..59]), b64(&point[59..91]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let header = json!({"alg": "RS256", "jwk": jwk, "jku": "https://evil.example/keys", "x5u": "file:///", "x5c": ["AA=="]});
    assert!(outcome_raw(&header.to_string(), &claims().to_string()).is_ok(), "not read, and so no harm");
    let token = stranger.sign(&claims()).unwrap();
    let with_jwk = token.replacen(
        token.split('.').next().unwrap(),
        &b64(json!({"alg": "ES256", "jwk": jwk}).to_string()),
        1,
    );
    let ours = DemoSigner::generate().unwrap();
    assert_eq!(verify(&with_jwk, &trust(vec![key_of(&ours)]), NOW), Err(JwtFault::Signature));
}

// ── the signature ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_key_of_the_other_kind_is_no_key() {
    let signer = DemoSigner::generate().unwrap();
    let token = signer.sign(&claims()).unwrap();
    assert_eq!(verify(&token, &trust(vec![rsa_key()]), NOW), Err(JwtFault::NoKey));
    assert_eq!(verify(&token, &trust(vec![]), NOW), Err(JwtFault::NoKey));
}

#[test]
fn any_other_signature_is_refused() {
    let (signer, stranger) = (DemoSigner::generate().unwrap(), DemoSigner::generate().unwrap());
    let trust = trust(vec![key_of(&signer), rsa_key()]);
    let refused = |token: &str| assert_eq!(verify(token, &trust, NOW), Err(JwtFault::Signature));
    refused(&stranger.sign(&claims()).unwrap());
    refused(&rsa_token(r#"{"alg":"RS256"}"#, &claims().to_string(), &RSA_PKCS1_SHA512));
    let token = signer.sign(&claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let other = b64(claims_with("sub", "c-18".into()).to_string());
    refused(&format!("{}.{other}.{}", parts[0], parts[2]));
    refused(&format!("{}.{}.{}", parts[0], parts[1], b64([0; 64])));
    refused(&format!("{}.{}.{}", parts[0], parts[1], b64([1; 70])));
    refused(&format!("{}.{}.{}", b64(r#"{"alg":"RS256"}"#), parts[1], parts[2]));
}

#[test]
fn every_changed_bit_of_a_token_is_noticed() {
    let signer = DemoSigner::generate().unwrap();
    let trust = trust(vec![key_of(&signer)]);
    let token = signer.sign(&claims()).unwrap();
    for index in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        assert!(verify(std::str::from_utf8(&bytes).unwrap(), &trust, NOW).is_err(), "at {index}");
    }
}

#[test]
fn keys_beyond_the_limit_are_not_tried() {
    let signers: Vec<_> = (0..=KEYS_MAX).map(|_| DemoSigner::generate().unwrap()).collect();
    let trust = trust(signers.iter().map(key_of).collect());
    assert!(verify(&signers[KEYS_MAX - 1].sign(&claims()).unwrap(), &trust, NOW).is_ok());
    assert_eq!(verify(&signers[KEYS_MAX].sign(&claims()).unwrap(), &trust, NOW), Err(JwtFault::Signature));
}

// ── the claims ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_must_be_claimed_is_missed_by_name() {
    refused(&claims_without("sub"), JwtFault::SubjectMissing);
    refused(&claims_without("iss"), JwtFault::IssuerMissing);
    refused(&claims_without("aud"), JwtFault::AudienceMissing);
    refused(&claims_without("exp"), JwtFault::ExpiryMissing);
}

#[test]
fn another_issuer_or_audience_is_refused() {
    for issuer in [
        json!("https://shop.example/"),
        json!("HTTPS://SHOP.EXAMPLE"),
        json!(7),
        json!(["https://shop.example"]),
    ] {
        refused(&claims_with("iss", issuer), JwtFault::IssuerWrong);
    }
    for audience in [
        json!("deskbell2"),
        json!(["a", "b"]),
        json!([]),
        json!(["deskbell", 7]),
        json!(null),
        json!({"deskbell": 1}),
    ] {
        refused(&claims_with("aud", audience), JwtFault::AudienceWrong);
    }
}

#[test]
fn claims_of_the_wrong_type_are_refused_by_name() {
    for claim in ["sub", "name", "email", "phone_number"] {
        for wrong in
            [json!(17), json!(true), json!(["x"]), json!(""), json!("  "), json!("a\nb"), json!("a\u{0}")]
        {
            refused(&claims_with(claim, wrong), JwtFault::ClaimWrong(claim));
        }
        refused(&claims_with(claim, "é".repeat(NAME_CHARS_MAX + 1).into()), JwtFault::ClaimTooLong(claim));
        assert!(outcome(&claims_with(claim, "é".repeat(NAME_CHARS_MAX).into())).is_ok());
    }
    for claim in ["exp", "nbf"] {
        for wrong in [json!("1795000300"), json!(null), json!([NOW]), json!(true)] {
            refused(&claims_with(claim, wrong), JwtFault::ClaimWrong(claim));
        }
    }
    refused(&claims_with("sub", json!(null)), JwtFault::SubjectMissing);
}

#[test]
fn context_keeps_its_limits() {
    let keys = |count: usize| -> Value {
        (0..count).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<_, _>>().into()
    };
    assert_eq!(
        outcome(&claims_with("context", keys(CONTEXT_KEYS_MAX))).unwrap().context.len(),
        CONTEXT_KEYS_MAX
    );
    refused(&claims_with("context", keys(CONTEXT_KEYS_MAX + 1)), JwtFault::ContextTooLarge);
    assert!(outcome(&claims_with("context", json!({"k".repeat(64): "v".repeat(512)}))).is_ok());
    refused(&claims_with("context", json!({"k".repeat(65): 1})), JwtFault::ContextTooLarge);
    refused(&claims_with("context", json!({"k": "v".repeat(513)})), JwtFault::ContextTooLarge);
    let many: serde_json::Map<_, _> = (0..9).map(|i| (format!("k{i}"), json!("v".repeat(500)))).collect();
    refused(&claims_with("context", many.into()), JwtFault::ContextTooLarge);
    for wrong in [json!([]), json!("x"), json!({"a": null}), json!({"a": [1]}), json!({"a": {"b": 1}})] {
        refused(&claims_with("context", wrong), JwtFault::ContextWrong);
    }
}

#[test]
fn no_fault_speaks_of_what_the_token_holds() {
    let secret = "melissa-secret";
    let faults = [
        outcome(&claims_with("iss", secret.into())).unwrap_err(),
        outcome(&claims_with("name", json!([secret]))).unwrap_err(),
        outcome_raw(&json!({ "alg": secret }).to_string(), "{}").unwrap_err(),
        outcome_raw(r#"{"alg":"RS256"}"#, secret).unwrap_err(),
    ];
    for fault in faults {
        assert!(!fault.to_string().contains(secret) && !format!("{fault:?}").contains(secret), "{fault}");
    }
}

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────

fn key_fault(der: &[u8]) -> Option<KeyFault> {
    PublicKey::from_spki_der(der).err()
}

#[test]
fn weak_and_foreign_keys_are_refused_by_name() {
    assert_eq!(key_fault(include_bytes!("data/jwt-test-only-rsa1024.spki.der")), Some(KeyFault::Rsa));
    assert_eq!(key_fault(include_bytes!("data/jwt-test-only-p384.spki.der")), Some(KeyFault::Algorithm));
    assert_eq!(key_fault(include_bytes!("data/jwt-test-only-ed25519.spki.der")), Some(KeyFault::Algorithm));
    assert_eq!(key_fault(RSA_PRIVATE), Some(KeyFault::NotSpki));
    assert_eq!(key_fault(b""), Some(KeyFault::NotSpki));
}

#[test]
fn a_key_cut_short_or_with_more_behind_it_is_refused() {
    for whole in [RSA_PUBLIC.to_vec(), DemoSigner::generate().unwrap().public_key_der()] {
        for end in 0..whole.len() {
            assert!(key_fault(&whole[..end]).is_some(), "{end} of {}", whole.len());
        }
        assert_eq!(key_fault(&[&whole[..], &[0]].concat()), Some(KeyFault::NotSpki));
    }
}

#[test]
fn a_pem_block_is_a_key_and_a_private_one_is_called_so() {
    let pem = |label: &str, der: &[u8]| {
        let body = data_encoding::BASE64.encode(der);
        let lines: Vec<&str> = body.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\r\n"))
    };
    let key = PublicKey::from_pem(&pem("PUBLIC KEY", RSA_PUBLIC)).unwrap();
    assert!(verify(&rs256(r#"{"alg":"RS256"}"#, &claims().to_string()), &trust(vec![key]), NOW).is_ok());
    assert_eq!(PublicKey::from_pem(&pem("PRIVATE KEY", RSA_PRIVATE)).err(), Some(KeyFault::Private));
    assert_eq!(PublicKey::from_pem(&pem("CERTIFICATE", RSA_PUBLIC)).err(), Some(KeyFault::NotPem));
    assert_eq!(PublicKey::from_pem("").err(), Some(KeyFault::NotPem));
    assert_eq!(PublicKey::from_pem(&pem("PUBLIC KEY", b"x")).err(), Some(KeyFault::NotSpki));
    let two = pem("PUBLIC KEY", RSA_PUBLIC).repeat(2);
    assert_eq!(PublicKey::from_pem(&two).err(), Some(KeyFault::NotPem));
}
