//! How many calls each day has, to how many phones, and how many of these were never called before.
//!
//! It is written down and not left to chance, so that odd days are where they were put, and no
//! other day is odd.

use chrono::NaiveDate;

use super::{FIRST, LAST, date};

/// What a day is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The calls, those to no usable phone included.
    pub(super) calls: usize,
    /// The different usable phones.
    pub(super) phones: usize,
    /// Those of them that no earlier day has.
    pub(super) new: usize,
}

/// Calls, phones and new phones of each day; a line is a week from Monday on.
#[rustfmt::skip]
const DAYS: [(usize, usize, usize); 38] = [
    // The new list starts big. Its second day goes on with the few that asked for it.
    (500, 45, 45), (650, 15, 12), (789, 35, 7), (745, 45, 9), (685, 46, 9), (379, 25, 1), (201, 15, 2),
    (598, 46, 5), (806, 38, 8), (826, 38, 5), (690, 34, 6), (737, 39, 5), (403, 27, 1), (243, 17, 2),
    // On the Tuesday the dialer was down until three. On the Friday no new leads had come in.
    (634, 39, 6), (236, 21, 2), (812, 45, 4), (721, 38, 4), (688, 44, 0), (441, 22, 3), (217, 12, 2),
    // Christmas Day is the Thursday.
    (548, 43, 4), (764, 39, 5), (838, 39, 1), (0, 0, 0), (710, 46, 3), (420, 28, 2), (222, 16, 1),
    (687, 35, 3), (718, 40, 4), (807, 48, 3), (782, 45, 2), (640, 48, 1), (456, 27, 2), (178, 15, 1),
    (638, 44, 4), (792, 38, 2), (799, 51, 2),
];

/// The day on which the dialer was down until three.
pub(super) const DOWN: NaiveDate = date(2025, 12, 16);

/// All days with what they are to have, in order.
pub(super) fn days() -> impl Iterator<Item = (NaiveDate, Shape)> {
    let dates = FIRST.iter_days().take_while(|date| *date <= LAST);
    dates.zip(DAYS.map(|(calls, phones, new)| Shape { calls, phones, new }))
}
