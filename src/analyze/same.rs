//! Whether two figures are the same: exactly, or, where they are made of floats, but for their last digits.

use crate::model::Number;
use crate::model::metrics_doc::Figure;

/// How far two floats may lie apart, as a share of the larger, and still be the same.
const FLOAT_TOLERANCE: f64 = 1e-9;

/// Whether a value and all that it was made of are the same.
pub fn same_figure(one: &Figure, other: &Figure, float: bool) -> bool {
    let pairs = [
        (&one.value, &other.value),
        (&one.sum, &other.sum),
        (&one.count, &other.count),
        (&one.exact, &other.exact),
    ];
    pairs.into_iter().all(|pair| match pair {
        (Some(one), Some(other)) => one == other || float && close(one, other),
        (None, None) => true,
        _ => false,
    })
}

fn close(one: &Number, other: &Number) -> bool {
    let largest = one.abs().max(other.abs()).to_f64();
    (one - other).abs().to_f64() <= largest * FLOAT_TOLERANCE
}
