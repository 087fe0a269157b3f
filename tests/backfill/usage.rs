//! What is asked for wrongly.

use super::running::place;

#[test]
fn a_range_that_makes_no_sense_is_refused_before_anything_is_touched() {
    let place = place();
    place.write("asof.toml.before", place.read("asof.toml"));
    for line in [
        "backfill",
        "backfill --from 2025-12-04 --to 2025-12-01",
        "backfill --from 2025-12-05",
        "backfill --from 2026-01-01 --to 2026-01-31",
        "backfill --from 0202-12-01 --to 2025-12-01",
        "backfill --to 2025-12-01",
        "backfill --last 0d",
        "backfill --last 7",
        "backfill --month 2025-13",
        "backfill --month December",
        "backfill --month 2025-12 --last 7d",
        "backfill --resume --from 2025-12-01",
        "backfill --resume",
        "backfill --last 2d --jobs 0",
        "backfill --last 2d --rate often",
        "backfill --last 2d --pause 5",
        "backfill --last 2d --redo some",
        "backfill --last 2d --reason late",
        "backfill --last 2d --from-to x",
    ] {
        assert_eq!(place.asof(line).code, 2, "asof {line}");
    }
    assert!(!place.path("snapshots").exists());
    assert!(!place.path("backfill.json").exists());
    place.told("");
}
