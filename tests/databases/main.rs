//! adsync with its users on a database server: `PostgreSQL` and `MariaDB`, in adsync's own tables and in the table of an
//! application.

#[path = "../support/mod.rs"]
mod support;

mod application;
mod kills;
mod lost;
mod meanwhile;
mod misfits;
mod reaching;
mod servers;
mod side_by_side;
mod story;
