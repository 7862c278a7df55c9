//! Bots: the frames of one that lives elsewhere, the menus of the box's own, and the choices both offer
//! (REQ S2-4). All pure; who is given what is the engine's to decide, and the shell carries it.

pub mod choices;
pub mod frames;
pub mod menu;
