//! The domains of the imported users, as a store knows them.

use crate::user::{DomainId, ObjectGuid};

/// A domain as the store knows it.
#[derive(Clone, Debug)]
pub struct KnownDomain {
    /// Its key.
    pub id: DomainId,
    /// `objectGUID` of the head of its naming context; none where it is known by its DN.
    pub guid: Option<ObjectGuid>,
    /// The DN of the naming context, when it was last read.
    pub dn: String,
    /// Whether it is only known from the DNs of users: no run has read it yet.
    pub is_provisional: bool,
}
