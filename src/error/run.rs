//! How to fix a run that cannot continue when neither the directory nor the store is the cause.

use super::{Failure, Kind};
use crate::run::RunError;

impl From<&RunError> for Failure {
    fn from(error: &RunError) -> Self {
        let (kind, hint) = match error {
            RunError::Unusable => (
                Kind::Directory,
                "nothing was changed; check base_dn and filter, and username under [directory.attributes]",
            ),
            RunError::AllForeign { .. } => (
                Kind::Settings,
                "check url and base_dn under [directory], and path under [store]",
            ),
            RunError::Foreign { .. } => (
                Kind::UnknownName,
                "run adsync with the settings of their domain; `adsync list --columns username,domain` shows it",
            ),
        };
        Self::new(kind, error.to_string()).hint(hint)
    }
}
