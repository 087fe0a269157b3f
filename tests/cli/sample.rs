//! The sample archive in the repository is what the demo makes, and is whole.

use std::fs;
use std::path::Path;

use asof::archive::Archive;

use crate::support::command::Place;

#[test]
fn the_sample_archive_holds_the_numbers_that_the_demo_makes() {
    let place = Place::new();
    place.done(&["demo"]);
    let made = Archive::open(place.path("asof-demo/snapshots")).unwrap();
    let sample = Archive::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")).unwrap();
    let (made_history, history) = (made.history().unwrap(), sample.history().unwrap());
    let ids = |history: &asof::archive::History| -> Vec<String> {
        history
            .days()
            .flat_map(|(_, editions)| editions.iter().map(|frozen| frozen.line.id().to_string()))
            .collect()
    };
    assert_eq!(ids(&history), ids(&made_history));
    assert_eq!(ids(&history).len(), 36);
    assert_eq!(sample.check_ledger().unwrap().damaged, []);
    for (_, editions) in history.days() {
        for frozen in editions {
            let manifest = sample.manifest(&frozen.line).unwrap();
            for file in &manifest.files {
                sample.read_file(&manifest, &file.path).unwrap();
            }
            let id = frozen.line.id().to_string();
            let numbers = |archive: &Archive| fs::read(archive.dir().join(&id).join("metrics.json")).unwrap();
            assert!(numbers(&sample) == numbers(&made), "{id}: make the sample anew with `asof demo`");
        }
    }
    assert!(sample.dir().join("index.html").exists());
}
