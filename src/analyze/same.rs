//! Whether two figures are the same: exactly, or, where they are made of floats, but for their last digits.

use crate::model::metrics_doc::Figure;

/// Whether a value and all that it was made of are the same.
pub fn same_figure(one: &Figure, other: &Figure, float: bool) -> bool {
    let pairs = [
        (&one.value, &other.value),
        (&one.sum, &other.sum),
        (&one.count, &other.count),
        (&one.exact, &other.exact),
    ];
    pairs.into_iter().all(|pair| match pair {
        (Some(one), Some(other)) => one == other || float && one.is_close(other),
        (None, None) => true,
        _ => false,
    })
}
