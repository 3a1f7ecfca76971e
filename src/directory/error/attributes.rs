//! Attributes of the settings that cannot be used on a server.

use std::fmt;

use crate::directory::mapping::{Unusable, WhyUnusable};

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            attribute,
            why,
        } = self;
        write!(f, "{field} is read from {attribute}, ")?;
        match why {
            WhyUnusable::Unknown { .. } => {
                f.write_str("an attribute that the schema of this server does not have")
            }
            WhyUnusable::NoIdentity(reason) => {
                write!(f, "which cannot serve as an identity: {reason}")
            }
        }
    }
}
