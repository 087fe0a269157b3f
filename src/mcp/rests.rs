//! What an answer about entities rests on: rows, and the files that hold them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};

use super::told::Cite;
use crate::archive::Looks;
use crate::archive::looks::ROWS;
use crate::model::{Day, Digest};
use crate::ops::entities::growth::{Growth, Seen};
use crate::ops::entities::rows::KeptRow;
use crate::serve::entities::Entities;
use crate::serve::problem::Problem;

/// What a daily look is called.
const LOOK: &str = "look";
/// What was read just now, and not kept, is called.
const LIVE: &str = "live";

/// The file of a day's look.
fn of_look(looks: &Looks, day: Day) -> Option<Digest> {
    let file = looks.looks.get(&day)?.doc.files.iter().find(|file| file.path == ROWS)?;
    Some(file.sha256)
}

/// A look or a capture as a whole; a capture's digest is known while its file is its own.
pub fn of_seen(looks: &Looks, day: Day, at: DateTime<Utc>, capture: Option<&str>) -> Cite {
    let files = looks.capture_files(day);
    let own = looks.captures.iter().find(|line| line.doc.date == day && line.doc.captured_at == at);
    let own = own.map(|line| &line.doc.file).filter(|own| files.iter().any(|file| file.path == own.path));
    let digest = match (capture, files.as_slice()) {
        (None, _) => of_look(looks, day),
        (Some(_), [only]) => Some(only.sha256),
        (Some(_), _) => own.map(|file| file.sha256),
    };
    let provenance = capture.unwrap_or(LOOK).to_owned();
    Cite { date: day, edition: None, provenance, captured_at: at, digest, snapshot_id: None }
}

/// The sides of growth, the older first.
pub fn of_sides(looks: &Looks, found: &Growth) -> Vec<Cite> {
    let side = |seen: &Seen| {
        if seen.live {
            let provenance = LIVE.to_owned();
            let (date, captured_at) = (seen.day, seen.at);
            return Cite { date, edition: None, provenance, captured_at, digest: None, snapshot_id: None };
        }
        of_seen(looks, seen.day, seen.at, seen.capture.then_some("capture"))
    };
    found.previous.as_ref().ok().into_iter().chain([&found.current]).map(side).collect()
}

/// Rows of one entity, of one key. Each file of captures is read once.
///
/// # Errors
/// When a file is missing or damaged.
pub fn of_rows<'r>(
    entities: &Entities,
    rows: impl Iterator<Item = &'r KeptRow>,
) -> Result<Vec<Cite>, Problem> {
    let mut captured: BTreeMap<Day, BTreeMap<u64, Digest>> = BTreeMap::new();
    let mut cites = Vec::new();
    for kept in rows {
        let id = kept.row.snapshot_id();
        let digest = if kept.capture.is_none() {
            of_look(entities.looks(), kept.day)
        } else {
            let of_day = match captured.entry(kept.day) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let mut of_day = BTreeMap::new();
                    for file in entities.looks().capture_files(kept.day) {
                        let all = entities.opened.archive.capture_rows(&entities.name, kept.day, file)?;
                        let own = all.iter().filter(|row| row.row.key == kept.row.key);
                        of_day.extend(own.map(|row| (row.row.seq, file.sha256)));
                    }
                    place.insert(of_day)
                }
            };
            of_day.get(&kept.row.seq).copied()
        };
        cites.push(Cite {
            date: kept.day,
            edition: None,
            provenance: kept.capture.as_ref().map_or(LOOK, |why| why.kind.word()).to_owned(),
            captured_at: kept.at,
            digest,
            snapshot_id: Some(id),
        });
    }
    Ok(cites)
}
