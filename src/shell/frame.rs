//! The envelope of what comes over a socket, from whomever: `t` says what is asked, `id` is what its answer carries.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::engine::refusal::Refusal;
use crate::limits::CLIENT_FRAME_BYTES_MAX;

/// One frame with its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<R> {
    /// What its one answer carries as `re`; none only where the socket's `needs_id` says so.
    pub id: Option<i64>,
    /// What is asked.
    pub request: R,
}

/// Why a frame is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameFault {
    /// The request's `id`; none when the frame cannot be attributed to a request.
    pub id: Option<i64>,
    /// The error code.
    pub code: Refusal,
}

/// The largest integer a browser can tell from its neighbours.
const ID_MAX: u64 = 1 << 53;

#[derive(Deserialize)]
struct Envelope {
    t: Option<IgnoredAny>,
    id: Option<Value>,
}

/// Reads a frame: as it comes, then with its texts held to their rules. What `needs_id` has an answer that the sender must
/// tell from others.
///
/// # Errors
/// The first thing wrong with it, with the request's `id` wherever one could be read, so that the sender learns which
/// request it was.
pub fn parse<Raw: DeserializeOwned, R>(
    frame: &str,
    needs_id: impl FnOnce(&Raw) -> bool,
    settle: impl FnOnce(Raw) -> Result<R, Refusal>,
) -> Result<Frame<R>, FrameFault> {
    let unattributed = FrameFault { id: None, code: Refusal::BadRequest };
    // Serde takes an array for a struct; the contract does not.
    if frame.len() > CLIENT_FRAME_BYTES_MAX || !frame.trim_ascii_start().starts_with('{') {
        return Err(unattributed);
    }
    // Twice over the text, so that a frame with one wrong field, or a lone surrogate somewhere, still has its id.
    let envelope: Envelope = serde_json::from_str(frame).map_err(|_| unattributed)?;
    if envelope.t.is_none() {
        return Err(unattributed);
    }
    let id = match envelope.id {
        None | Some(Value::Null) => None,
        Some(id) => Some(id.as_i64().filter(|id| id.unsigned_abs() <= ID_MAX).ok_or(unattributed)?),
    };
    let fault = |code| FrameFault { id, code };
    let raw = serde_json::from_str(frame).map_err(|_| fault(Refusal::BadRequest))?;
    if id.is_none() && needs_id(&raw) {
        return Err(fault(Refusal::BadRequest));
    }
    settle(raw).map(|request| Frame { id, request }).map_err(fault)
}
