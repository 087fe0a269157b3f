//! Rows that match one after the other, as almost all do: added up column by column.

use std::cmp::Reverse;

use arrow_array::Array as _;

use super::{Compared, Piece, Sums, Tally};

/// How many rows are added up at once.
const RUN: usize = 512;

impl Tally<'_> {
    /// Adds up the rows from these on that match each other, and tells how many they are. `None`, and nothing is
    /// added, where they have to be looked at one by one.
    pub(super) fn many_matched(&mut self, new: (&Piece, usize), old: (&Piece, usize)) -> Option<usize> {
        let is_plain = |piece: &Piece| piece.filters.is_empty() && piece.only.is_none();
        if self.asked.grouped || !is_plain(new.0) || !is_plain(old.0) {
            return None;
        }
        let mut columns = Vec::with_capacity(self.asked.counters.len());
        for counter in 0..self.asked.counters.len() {
            let both = self.compared(counter) == Compared::Both;
            columns.push((known(new, counter).filter(|_| both)?, known(old, counter)?));
        }
        let alike = (new.1..new.0.keys.len()).zip(old.1..old.0.keys.len());
        let alike =
            alike.take(RUN).take_while(|(now, then)| new.0.keys.value(*now) == old.0.keys.value(*then));
        let rows = alike.count();
        let mut fell = [false; RUN];
        for (counter, (now, then)) in columns.into_iter().enumerate() {
            let mut add = Sums::default();
            let mut least = self.least(counter);
            for (at, ((now, then), fell)) in now.iter().zip(then).take(rows).zip(&mut fell).enumerate() {
                let (current, previous) = (i128::from(*now), i128::from(*then));
                add.current += current;
                add.previous += previous;
                add.decreased += u64::from(now < then);
                *fell |= now < then;
                if least.is_some_and(|least| current - previous >= least) {
                    self.rank(counter, (new.0, new.1 + at), *now, *then);
                    least = self.least(counter);
                }
            }
            if let Some(sums) = self.sums.get_mut(counter) {
                sums.current += add.current;
                sums.previous += add.previous;
                sums.decreased += add.decreased;
                sums.rows += rows as u64;
            }
        }
        self.parts.matched += rows as u64;
        self.parts.decreased += fell.iter().filter(|fell| **fell).count() as u64;
        Some(rows)
    }

    /// How much one has to grow to be listed; `None` where none is.
    fn least(&self, counter: usize) -> Option<i128> {
        let heap = self.top.get(counter).filter(|_| self.asked.top > 0)?;
        let full = heap.len() >= self.asked.top;
        Some(heap.peek().filter(|_| full).map_or(i128::MIN, |Reverse((least, ..))| *least))
    }
}

/// The values of a counter from a row on; `None` where one of the piece's is not known.
fn known((piece, from): (&Piece, usize), counter: usize) -> Option<&[i64]> {
    let column = piece.counters.get(counter)?.as_ref().filter(|column| column.null_count() == 0)?;
    column.values().get(from..)
}
