//! One file for each thing that can be asked for.

pub mod alerts;
pub mod api;
pub mod compare;
pub mod coverage;
pub mod day;
pub mod days;
pub mod drift;
pub mod entity;
pub mod entity_capture;
pub mod entity_context;
pub mod entity_moved;
pub mod growth;
pub mod health;
pub mod metrics;
pub mod series;
pub mod settling;

use super::access::Access;
use super::route::Route;
use crate::config::serve::Scope;

/// Whoever may read.
pub const READ: Access = Access::Scope(Scope::Read);

/// Whoever may have something kept.
const CAPTURE: Access = Access::Scope(Scope::Capture);

/// All that can be asked for.
pub fn all() -> Vec<Route> {
    [for_programs(), super::pages::routes()].into_iter().flatten().collect()
}

/// What programs are told of in `/api/openapi.json`: all but pages.
pub fn for_programs() -> Vec<Route> {
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
        growth::routes(),
        entity::routes(),
        entity_moved::routes(),
        entity_context::routes(),
        entity_capture::routes(),
        coverage::routes(),
    ];
    all.into_iter().flatten().collect()
}
