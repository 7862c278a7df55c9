//! What a running box shows its keepers: notices to systemd, metrics, health.

pub mod bound;
pub mod credentials;
pub mod day;
pub mod doctor;
pub mod inherited;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod profile;
pub mod reach;
pub mod settings;
