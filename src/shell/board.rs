//! The desk in force, for everybody but the desk thread.

use std::sync::{Arc, PoisonError, RwLock};

use crate::desk::Desk;
use crate::masking::Masker;

/// What everybody but the desk thread reads of the desk: the configuration in force.
pub struct Board {
    desk: RwLock<Arc<Desk>>,
    masker: RwLock<Masker>,
}

impl Board {
    /// A board showing this desk.
    pub fn new(desk: Arc<Desk>) -> Board {
        let masker = masker_of(&desk);
        Board { desk: RwLock::new(desk), masker: RwLock::new(masker) }
    }

    /// The desk in force.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The masks in force.
    pub fn masker(&self) -> Masker {
        *self.masker.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another desk.
    pub fn show(&self, desk: Arc<Desk>) {
        *self.masker.write().unwrap_or_else(PoisonError::into_inner) = masker_of(&desk);
        *self.desk.write().unwrap_or_else(PoisonError::into_inner) = desk;
    }
}

fn masker_of(desk: &Desk) -> Masker {
    let masking = &desk.masking;
    Masker::new(crate::masking::Settings {
        enabled: masking.enabled,
        pci: masking.pci,
        pii: masking.pii,
        phone_region: masking.phone_region.clone().unwrap_or_default(),
    })
}
