//! The filter behind captures: it hides no row, whoever wrote it, and `verify` makes it anew.

use std::fs;

use asof::archive::{Archive, KeyReader};
use asof::model::Digest;

use super::found;
use super::looks::{capture, compact, files_of, forge, whole};

const FOLDER: &str = "captures/video/date=2025-11-07";

/// The rows of a key that day: of its numbers, or why they can't be read.
fn rows_of(place: &crate::support::command::Place, key: &str) -> Result<Vec<u64>, String> {
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let looks = archive.looks(None).unwrap().remove("video").unwrap();
    let rows = KeyReader::new(&archive).captures("video", &looks, "2025-11-07".parse().unwrap(), key);
    let mut numbers: Vec<u64> =
        rows.map_err(|error| error.to_string())?.iter().map(|row| row.row.seq).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

#[test]
fn a_key_is_found_by_the_filter_of_every_file_and_before_and_after_they_are_put_together() {
    let place = whole();
    let keys: Vec<String> = (100..140).map(|n| format!("{n}")).collect();
    let all = |seq: u64| keys.iter().map(|key| (key.as_str(), seq)).collect::<Vec<_>>();
    capture(&place, "2025-11-07T20:30:00Z", &all(1));
    capture(&place, "2025-11-07T20:40:00Z", &all(2)[..20]);
    let expected = |place| {
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(rows_of(place, key).unwrap(), if at < 20 { vec![1, 2] } else { vec![1] }, "{key}");
        }
        // The text of a key is in other keys and in other places of a row.
        for none in ["10", "00", "views", "141", ""] {
            assert!(rows_of(place, none).unwrap().is_empty(), "{none}");
        }
        assert_eq!(rows_of(place, "3").unwrap(), [1]);
    };
    expected(&place);
    compact(&place, "2025-11-07", "2025-11-07T21:00:00Z");
    expected(&place);
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
}

#[test]
fn a_filter_that_is_of_other_keys_is_found_whoever_chained_the_ledger() {
    let place = whole();
    let keys: Vec<String> = (100..130).map(|n| format!("{n}")).collect();
    capture(&place, "2025-11-07T20:30:00Z", &keys.iter().map(|key| (key.as_str(), 1)).collect::<Vec<_>>());
    let names = files_of(&place, FOLDER);
    let name = names.iter().find(|name| name.contains("T203000")).unwrap();
    let sound = fs::read(place.path("snapshots").join(name)).unwrap();
    let tail = sound.len() - 16;
    assert_eq!(&sound[tail + 4..], b"asof.keys/1\n");
    let mut bytes = sound.clone();
    bytes[tail - 30..tail].fill(0);
    place.write(&format!("snapshots/{name}"), &bytes);
    // The digest is of the filter too: nobody takes it for an answer.
    assert!(rows_of(&place, "100").unwrap_err().contains("has changed since it was kept"));
    assert_eq!(found(&place, "verify").0, 4);
    let (old, new) = (Digest::of(&sound).to_string(), Digest::of(&bytes).to_string());
    forge(&place, |lines| {
        for line in lines.iter_mut() {
            *line = line.replace(&old, &new);
        }
    });
    let (code, findings) = found(&place, "verify");
    assert_eq!(
        (code, findings),
        (4, vec![format!("{name}: has a filter that is of other keys than its rows")])
    );
}
