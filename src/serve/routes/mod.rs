//! One file for each thing that can be asked for.

pub mod days;
pub mod health;

use super::access::Access;
use super::route::Route;
use crate::config::serve::Scope;

/// Whoever may read.
const READ: Access = Access::Scope(Scope::Read);

/// All that can be asked for.
pub fn all() -> Vec<Route> {
    [health::routes(), days::routes()].into_iter().flatten().collect()
}
