//! The demo, as `asof demo` makes it.

use std::path::PathBuf;
use std::process::Command;

/// Makes a demo of one's own; it is removed when dropped.
pub fn demo() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_asof"))
        .args(["demo", "demo"])
        .current_dir(dir.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let archive = dir.path().join("demo/snapshots");
    (dir, archive)
}
