//! Attributes of the settings that cannot be used on a server.

use crate::directory::{Unusable, WhyUnusable};

/// What to do about it.
pub fn hint(unusable: &Unusable) -> String {
    let Unusable {
        field,
        attribute: _,
        why,
    } = unusable;
    match why {
        WhyUnusable::Unknown { meant: Some(meant) } => {
            format!("did you mean {field} = \"{meant}\" under [directory.attributes]?")
        }
        WhyUnusable::Unknown { meant: None } => {
            format!("check {field} under [directory.attributes]")
        }
        WhyUnusable::NoIdentity(_) => other_identities(),
    }
}

/// What serves as an identity.
pub fn other_identities() -> String {
    "use guid = \"objectGUID\" under [directory.attributes] on AD, \"nsUniqueId\" on 389 Directory Server, and \"entryUUID\" on any other server".to_owned()
}
