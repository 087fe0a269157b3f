//! Whether the frozen numbers are right: every one compared with SQL or arithmetic of the
//! test's own, through the built program, on MariaDB, PostgreSQL and SQLite.

mod alike;
mod exact;
mod groups;
mod kinds;
mod members;
mod over;
mod phones;
mod place;
mod sql;
mod times;
mod together;
