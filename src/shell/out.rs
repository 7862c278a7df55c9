//! What leaves the box once a batch is on disk.
//!
//! Everything a client hears goes through the journal thread, also what changed nothing: one order for all,
//! so that no frame overtakes another and nobody hears "ok" before the sync.

use std::sync::Arc;

use crate::gateway::{Frame, Outbox};
use crate::store::Release;

/// One thing that waits for the disk.
pub enum Out {
    /// A frame for one client. A client too slow for it is closed by its own outbox.
    Frame(Arc<Outbox>, Frame),
    /// The end of a connection.
    Close(Arc<Outbox>, u16, &'static str),
    /// Somebody waits for this.
    Done(Box<dyn FnOnce() + Send>),
}

impl Release for Out {
    fn release(self) {
        match self {
            Out::Frame(outbox, frame) => drop(outbox.push(frame)),
            Out::Close(outbox, code, reason) => outbox.close(code, reason),
            Out::Done(done) => done(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Out::Frame(_, frame) => frame.as_str().len(),
            Out::Close(..) | Out::Done(_) => 0,
        }
    }
}
