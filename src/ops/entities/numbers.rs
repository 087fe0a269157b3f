//! How many rows of each key an archive has: the last number of each, sorted by key.
//!
//! Files are sorted by key, so they are merged as they are read: a million keys are never held at once.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::Array as _;

use crate::archive::look_file::{KEY, LookReader, SEQ, seq_column, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, LookDoc, Looks};
use crate::entities::Previous;
use crate::model::Day;

/// Files of captures up to this size are held with all of their keys, in bytes; there may be many of them.
const SMALL: u64 = 1 << 18;

/// The last numbers of all keys, one by one; a damaged file ends them, and is told after. A key may come
/// more than once.
pub struct LastNumbers<'a> {
    sources: Vec<Source<'a>>,
    failed: Option<ArchiveError>,
}

type Numbers<'a> = Box<dyn Iterator<Item = Result<Previous, ArchiveError>> + 'a>;

/// A file, sorted by key.
struct Source<'a> {
    next: Option<Previous>,
    rest: Numbers<'a>,
}

impl<'a> LastNumbers<'a> {
    /// Those of the newest look, and of the captures since.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn new(archive: &'a Archive, looks: &Looks) -> Result<Self, ArchiveError> {
        let newest = looks.looks.values().max_by_key(|line| line.seq);
        let mut all: Vec<Numbers<'a>> = Vec::new();
        if let Some(line) = newest {
            for name in [ROWS, REST] {
                if let Some(reader) = archive.look_columns(&line.doc, name, &[KEY, SEQ])? {
                    all.push(Box::new(of_look(archive, line.doc.clone(), name, reader)));
                }
            }
        }
        let since = newest.map_or(0, |line| line.seq);
        let captures = looks.captures.iter().filter(|line| line.seq > since);
        let days: BTreeSet<Day> = captures.map(|line| line.doc.date).collect();
        let mut small: BTreeMap<String, u64> = BTreeMap::new();
        for day in days {
            for file in looks.capture_files(day) {
                let entity = looks.captures.first().map_or("", |line| line.doc.entity.as_str());
                let rows = archive.capture_stream(entity, day, file)?;
                let mut rows = rows.map(|row| row.map(|row| Previous { key: row.row.key, seq: row.row.seq }));
                if file.size > SMALL {
                    all.push(Box::new(rows));
                    continue;
                }
                rows.try_for_each(|row| {
                    let row = row?;
                    let last = small.entry(row.key).or_insert(0);
                    *last = row.seq.max(*last);
                    Ok::<_, ArchiveError>(())
                })?;
            }
        }
        all.push(Box::new(small.into_iter().map(|(key, seq)| Ok(Previous { key, seq }))));
        let mut numbers = Self { sources: Vec::new(), failed: None };
        for rest in all {
            let mut source = Source { next: None, rest };
            source.advance(&mut numbers.failed);
            numbers.sources.push(source);
        }
        Ok(numbers)
    }

    /// The last numbers of these keys, which are sorted and come after all that were asked for before; 0
    /// for one that has no row.
    pub fn of<'k>(&mut self, keys: impl Iterator<Item = &'k str>) -> BTreeMap<String, u64> {
        let mut found = BTreeMap::new();
        for key in keys {
            let mut last = 0;
            for source in &mut self.sources {
                while source.next.as_ref().is_some_and(|next| next.key.as_str() <= key) {
                    let Some(next) = source.advance(&mut self.failed) else { break };
                    if next.key == key {
                        last = last.max(next.seq);
                    }
                }
            }
            found.insert(key.to_owned(), last);
        }
        found
    }

    /// The failure that ended them.
    ///
    /// # Errors
    /// That failure.
    pub fn ended(self) -> Result<(), ArchiveError> {
        self.failed.map_or(Ok(()), Err)
    }
}

impl Iterator for LastNumbers<'_> {
    type Item = Previous;

    fn next(&mut self) -> Option<Previous> {
        let waiting = self.sources.iter_mut().filter(|source| source.next.is_some());
        let first = waiting.min_by(|one, other| {
            let (one, other) = (one.next.as_ref(), other.next.as_ref());
            one.map(|next| &next.key).cmp(&other.map(|next| &next.key))
        })?;
        first.advance(&mut self.failed)
    }
}

impl Source<'_> {
    /// Takes the next one.
    fn advance(&mut self, failed: &mut Option<ArchiveError>) -> Option<Previous> {
        let next = self.rest.next().transpose().unwrap_or_else(|error| {
            *failed = Some(error);
            None
        });
        std::mem::replace(&mut self.next, next)
    }
}

/// The number of a key's newest row, whether that is still there or was thinned; 0 for a key without one.
///
/// # Errors
/// When a file is missing or damaged.
pub fn last_number(archive: &Archive, looks: &Looks, key: &str) -> Result<u64, ArchiveError> {
    let newest = looks.looks.values().max_by_key(|line| line.seq);
    let mut last = 0;
    for name in newest.iter().flat_map(|_| [ROWS, REST]) {
        let Some(line) = newest else { break };
        let row = archive.look_row(&line.doc, name, &[KEY, SEQ], key)?;
        let seq = row.as_ref().and_then(seq_column).filter(|seqs| !seqs.is_empty()).map(|seqs| seqs.value(0));
        last = last.max(seq.unwrap_or(0));
    }
    let since = newest.map_or(0, |line| line.seq);
    let captures = looks.captures.iter().filter(|line| line.seq > since);
    let days: BTreeSet<(Day, &str)> =
        captures.map(|line| (line.doc.date, line.doc.entity.as_str())).collect();
    for (day, entity) in days {
        for file in looks.capture_files(day) {
            for row in archive.capture_stream(entity, day, file)? {
                let row = row?.row;
                last = last.max(if row.key == key { row.seq } else { 0 });
            }
        }
    }
    Ok(last)
}

/// The keys of a file of a look.
fn of_look(
    archive: &Archive,
    look: LookDoc,
    name: &'static str,
    reader: LookReader,
) -> impl Iterator<Item = Result<Previous, ArchiveError>> {
    reader.flat_map(move |batch| -> Vec<Result<Previous, ArchiveError>> {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return vec![Err(archive.look_damaged(&look, name, &error))],
        };
        let (Some(keys), Some(seqs)) = (text_column(&batch, KEY), seq_column(&batch)) else {
            return Vec::new();
        };
        let rows = 0..keys.len();
        rows.map(|at| Ok(Previous { key: keys.value(at).to_owned(), seq: seqs.value(at) })).collect()
    })
}
