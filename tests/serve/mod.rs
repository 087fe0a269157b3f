//! `asof serve` as a real process over real archives.

mod days;
