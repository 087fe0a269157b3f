//! What the archived days hold for counts over time, and whether they can be counted together.

use crate::analyze::earlier::{DEFINED_OTHERWISE, NOT_DEFINED};
use crate::archive::keys::Check;
use crate::archive::{Archive, ArchiveError, KeysFile, SnapshotLine};
use crate::metrics::seen::first_seen;
use crate::model::seen::KeyId;
use crate::model::{Day, Fingerprint, Manifest};

/// How much memory the pieces of all files that are merged may take together.
const PIECES: usize = 16 << 20;
/// How large one of them is at most; more makes nothing faster.
pub(super) const PIECE: usize = 256 << 10;
/// How large one of them is at least: with less, opening the file would take longer than reading.
const LEAST_PIECE: usize = 4 << 10;

/// What must be equal for days to be counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// What was counted.
    pub(super) metric: Fingerprint,
    /// What the keys were hashed with.
    pub(super) key: KeyId,
}

/// What an archived day holds for a metric.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Its keys.
    Keys {
        /// What they can be counted with.
        group: Group,
        /// Where they are.
        file: KeysFile,
    },
    /// The metric without keys.
    Nothing(Fingerprint),
    /// It could not be counted with anything.
    Apart(LeftOut),
}

/// Why an archived day does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    NotDefined,
    DefinedOtherwise,
    NoKeys,
    OtherKey,
    Damaged,
    Missing,
}

/// The words for it that are frozen.
pub(super) fn words(reason: LeftOut) -> &'static str {
    match reason {
        LeftOut::NotDefined => NOT_DEFINED,
        LeftOut::DefinedOtherwise => DEFINED_OTHERWISE,
        LeftOut::NoKeys => "no keys were kept",
        LeftOut::OtherKey => "hashed with another key",
        LeftOut::Damaged => "damaged",
        LeftOut::Missing => "its folder is missing",
    }
}

/// That a day is left out because it is damaged.
pub(super) fn sentence(day: Day, error: &ArchiveError) -> String {
    format!("{day} is left out of the distinct counts over time: {error}")
}

impl Held {
    /// Its keys if they count in this group, or why they don't.
    pub(super) fn counts_in(&self, now: Group) -> Result<&KeysFile, LeftOut> {
        let metric = match self {
            Self::Keys { group, .. } => group.metric,
            Self::Nothing(metric) => *metric,
            Self::Apart(reason) => return Err(*reason),
        };
        if metric != now.metric {
            return Err(LeftOut::DefinedOtherwise);
        }
        match self {
            Self::Keys { group, file } if group.key == now.key => Ok(file),
            Self::Keys { .. } => Err(LeftOut::OtherKey),
            Self::Nothing(_) | Self::Apart(_) => Err(LeftOut::NoKeys),
        }
    }
}

/// An archived day, opened as far as its manifest.
pub(super) enum Archived {
    /// The manifest of its latest edition.
    There(Box<Manifest>),
    /// That can't be read.
    Damaged(ArchiveError),
    /// None of its folders is there.
    Missing,
}

impl Archived {
    /// The edition of a day that counts, if any of its folders is there.
    pub(super) fn open(archive: &Archive, line: Option<&SnapshotLine>) -> Self {
        let Some(line) = line else { return Self::Missing };
        archive.manifest(line).map_or_else(Self::Damaged, |manifest| Self::There(Box::new(manifest)))
    }

    /// What there is to say of it, as a sentence.
    pub(super) fn trouble(&self, day: Day) -> Option<String> {
        match self {
            Self::Damaged(error) => Some(sentence(day, error)),
            Self::There(_) | Self::Missing => None,
        }
    }

    /// What it holds for a metric.
    ///
    /// # Errors
    /// When its manifest does not fit together.
    pub(super) fn held(&self, archive: &Archive, metric: &str) -> Result<Held, ArchiveError> {
        let manifest = match self {
            Self::There(manifest) => manifest,
            Self::Damaged(_) => return Ok(Held::Apart(LeftOut::Damaged)),
            Self::Missing => return Ok(Held::Apart(LeftOut::Missing)),
        };
        let Some(fingerprint) = manifest.definitions.metrics.get(metric) else {
            return Ok(Held::Apart(LeftOut::NotDefined));
        };
        let file = archive.keys_file(manifest, metric)?;
        Ok(match (manifest.keys.get(metric), file) {
            (Some(keys), Some(file)) => {
                Held::Keys { group: Group { metric: *fingerprint, key: keys.key }, file }
            }
            _ => Held::Nothing(*fingerprint),
        })
    }
}

/// A day that counts.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) day: Day,
    pub(super) file: KeysFile,
}

/// For each day, in their order, how many of its keys no day before it has: one merge of all files.
///
/// Days whose keys can't be read are taken out of the list, and given back with the reason.
pub(super) fn merge(days: &mut Vec<Counted>) -> (Vec<u64>, Vec<(Day, Box<ArchiveError>)>) {
    let mut broken = Vec::new();
    loop {
        let piece = (PIECES / days.len().max(1)).clamp(LEAST_PIECE, PIECE);
        let streams = days.iter().map(|counted| counted.file.stream(piece, Check::Digest));
        match first_seen(streams.collect()) {
            Ok(counts) => return (counts, broken),
            // What it gave before is in the counts of others, so all is merged again.
            Err((at, error)) => broken.push((days.remove(at).day, error)),
        }
    }
}
