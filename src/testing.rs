//! What the tests beside the program look at from inside. Not a part of what adsync offers.

pub use crate::cli::Cli;
pub use crate::config::{Settings, Sync};
pub use crate::directory::Options;
pub use crate::error::Kind;
pub use crate::output::legible;
pub use crate::plan::change_mark::ReadSettings;
pub use crate::user::{Folded, MAX_VALUE_CHARS, ObjectGuid};
