//! What a running box shows its keepers: notices to systemd, metrics, health.

pub mod doctor;
pub mod inherited;
pub mod log;
pub mod metrics;
pub mod notify;
