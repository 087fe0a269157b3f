//! Encoding the pieces of a look while the rest of it is still read.
//!
//! What comes in the order of its keys, and is kept whole, lies in the file as it came; all that it lacks are the
//! rows' numbers, which are only known in the end. Nothing is written before that.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use super::look_encode::{AT_ONCE, Encoder, Group, column, schema};
use super::look_file::LookFileError;
use crate::entities::Piece;
use crate::model::EntityDef;

/// Threads that encode what they are given. Dropped, they stop at the next piece.
#[derive(Debug)]
pub struct Ahead {
    /// None once nothing more is given.
    pieces: Option<Sender<(usize, Arc<Piece>)>>,
    encoded: Receiver<Encoded>,
    taken: usize,
    /// What was encoded before its turn.
    early: BTreeMap<usize, Result<Group, LookFileError>>,
}

/// A group, or why it is none, and which one.
type Encoded = (usize, Result<Group, LookFileError>);

impl Ahead {
    /// For looks by a definition; `None` where no thread can be had, or where not all rows are kept.
    pub fn start(def: &EntityDef) -> Option<Self> {
        if !def.schedule.is_empty() {
            return None;
        }
        let encoder = Arc::new(Encoder::ahead(schema(def)).ok()?);
        let (pieces, queue) = mpsc::channel::<(usize, Arc<Piece>)>();
        let (done, groups) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..AT_ONCE {
            let (encoder, queue, done) = (Arc::clone(&encoder), Arc::clone(&queue), done.clone());
            let next = move || queue.lock().ok()?.recv().ok();
            let work = move || {
                while let Some((index, piece)) = next() {
                    let column = |name: &str| Ok(column(name).and_then(|column| piece.column(column)));
                    if done.send((index, encoder.encode(index, column))).is_err() {
                        break;
                    }
                }
            };
            thread::Builder::new().spawn(work).ok()?;
        }
        Some(Self { pieces: Some(pieces), encoded: groups, taken: 0, early: BTreeMap::new() })
    }

    /// Takes the next piece, which is full.
    pub fn take(&mut self, piece: &Arc<Piece>) {
        // Where all threads have stopped, it is told when the piece is asked for.
        if let Some(pieces) = &self.pieces {
            drop(pieces.send((self.taken, Arc::clone(piece))));
            self.taken += 1;
        }
    }

    /// How many pieces it has taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// The columns of a piece that was taken, without the rows' numbers. Each can be had once, and none can be
    /// taken any more.
    pub(super) fn group(&mut self, index: usize) -> Result<Group, LookFileError> {
        // So that the threads end, and what they can't give any more is not waited for.
        self.pieces = None;
        loop {
            if let Some(group) = self.early.remove(&index) {
                return group;
            }
            let (found, group) = self.encoded.recv().map_err(|_| LookFileError::Stopped)?;
            self.early.insert(found, group);
        }
    }
}
