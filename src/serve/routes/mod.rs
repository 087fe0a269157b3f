//! One file for each thing that can be asked for.

pub mod alerts;
pub mod api;
pub mod compare;
pub mod day;
pub mod days;
pub mod drift;
pub mod health;
pub mod metrics;
pub mod series;
pub mod settling;

use super::access::Access;
use super::route::Route;
use crate::config::serve::Scope;

/// Whoever may read.
const READ: Access = Access::Scope(Scope::Read);

/// All that can be asked for.
pub fn all() -> Vec<Route> {
    let all = [
        health::routes(),
        metrics::routes(),
        api::routes(),
        days::routes(),
        day::routes(),
        compare::routes(),
        drift::routes(),
        series::routes(),
        settling::routes(),
        alerts::routes(),
    ];
    all.into_iter().flatten().collect()
}
