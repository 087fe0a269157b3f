//! What the project asks of itself: layers, habits, and documents that tell what is there.
//!
//! A claim in a document is tested here, or it is not made.

mod commands;
mod configuration;
mod database_steps;
mod dependencies;
mod documents;
mod habits;
mod layers;
mod modules;
mod project;
mod vicidial_steps;
