//! How many rows of each key an archive has: the last number of each, sorted by key.

use std::collections::BTreeMap;
use std::iter::Peekable;

use arrow_array::Array as _;

use crate::archive::look_file::{KEY, LookReader, SEQ, seq_column, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, LookDoc, Looks};
use crate::entities::Previous;
use crate::model::Day;

/// The last numbers of all keys, one by one; a damaged file ends them, and is told after.
pub struct LastNumbers<'a> {
    archive: &'a Archive,
    look: Option<&'a LookDoc>,
    rows: Pieces,
    others: Peekable<std::collections::btree_map::IntoIter<String, u64>>,
    failed: Option<ArchiveError>,
}

/// The keys of a file, batch by batch.
#[derive(Default)]
struct Pieces {
    reader: Option<LookReader>,
    piece: std::vec::IntoIter<(String, u64)>,
    next: Option<(String, u64)>,
}

impl<'a> LastNumbers<'a> {
    /// Those of the newest look, and of the captures since.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn new(archive: &'a Archive, looks: &'a Looks) -> Result<Self, ArchiveError> {
        let newest = looks.looks.values().max_by_key(|line| line.seq);
        let look = newest.map(|line| &line.doc);
        let columns = [KEY, SEQ];
        let rows = look.map(|look| archive.look_columns(look, ROWS, &columns)).transpose()?.flatten();
        let mut others = BTreeMap::new();
        let mut take = |key: String, seq: u64| {
            let last = others.entry(key).or_insert(0);
            *last = seq.max(*last);
        };
        if let Some(look) = look
            && let Some(rest) = archive.look_columns(look, REST, &columns)?
        {
            let mut rest = Pieces { reader: Some(rest), ..Pieces::default() };
            while let Some((key, seq)) = rest.take(archive, look, REST)? {
                take(key, seq);
            }
        }
        let since = newest.map_or(0, |line| line.seq);
        let days: Vec<Day> =
            looks.captures.iter().filter(|line| line.seq > since).map(|line| line.doc.date).collect();
        for day in days.into_iter().collect::<std::collections::BTreeSet<_>>() {
            let entity = looks.captures.first().map_or("", |line| line.doc.entity.as_str());
            for capture in archive.captures(entity, looks, day)? {
                take(capture.row.key, capture.row.seq);
            }
        }
        let mut numbers = Self {
            archive,
            look,
            rows: Pieces { reader: rows, ..Pieces::default() },
            others: others.into_iter().peekable(),
            failed: None,
        };
        numbers.advance();
        Ok(numbers)
    }

    fn advance(&mut self) {
        let Some(look) = self.look else { return };
        match self.rows.take(self.archive, look, ROWS) {
            Ok(next) => self.rows.next = next,
            Err(error) => {
                self.rows.next = None;
                self.failed = Some(error);
            }
        }
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
        let other_first = match (&self.rows.next, self.others.peek()) {
            (Some((row, _)), Some((other, _))) => other <= row,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let (key, seq) = if other_first {
            self.others.next()?
        } else {
            let row = self.rows.next.take()?;
            self.advance();
            row
        };
        Some(Previous { key, seq })
    }
}

impl Pieces {
    fn take(
        &mut self,
        archive: &Archive,
        look: &LookDoc,
        name: &str,
    ) -> Result<Option<(String, u64)>, ArchiveError> {
        loop {
            if let Some(next) = self.piece.next() {
                return Ok(Some(next));
            }
            let Some(batch) = self.reader.as_mut().and_then(Iterator::next) else { return Ok(None) };
            let batch = batch.map_err(|error| archive.look_damaged(look, name, &error))?;
            let (Some(keys), Some(seqs)) = (text_column(&batch, KEY), seq_column(&batch)) else {
                return Ok(None);
            };
            let rows = (0..keys.len()).map(|at| (keys.value(at).to_owned(), seqs.value(at)));
            self.piece = rows.collect::<Vec<_>>().into_iter();
        }
    }
}
