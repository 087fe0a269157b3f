//! `asof serve` as a real process over real archives.

mod access;
mod answers;
mod clients;
mod days;
mod entities;
mod entities_bound;
mod entities_events;
mod entities_input;
mod entities_speed;
mod entities_through_time;
mod input;
mod load;
mod pages;
mod told;
mod trouble;

/// The lines of a token of this text.
pub fn token(name: &str, secret: &str, scope: &str, more: &str) -> String {
    let hash = asof::model::Digest::of(secret.as_bytes());
    format!("\n[serve.tokens.{name}]\nhash = \"sha256:{hash}\"\nscope = \"{scope}\"\n{more}")
}
