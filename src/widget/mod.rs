//! The customer's side: what a customer may ask, what she is told, and the files a site embeds.

pub mod assets;
pub mod frames;
pub mod invites;
pub mod project;
mod squeeze;
