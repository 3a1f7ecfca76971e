//! What ties an imported user to its directory, beside its identity and its values.

use std::sync::Arc;

use jiff::Timestamp;

use super::ObjectGuid;

/// The key of a domain in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainId(pub i64);

/// The key of a domain controller in the store; of a server, where the directory is not AD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ControllerId(pub i64);

/// The domain that a run reads: a naming context, known by the `objectGUID` of its head, and where that cannot be
/// had by its DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its key; none until a run that reads it is written.
    pub id: Option<DomainId>,
    /// `objectGUID` of the head of the naming context.
    pub guid: Option<ObjectGuid>,
    /// The DN of the naming context.
    pub dn: String,
}

/// Who answers a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its key; none until a run that asked it is written.
    pub id: Option<ControllerId>,
    /// `invocationId` in hexadecimal; where that cannot be read `dsServiceName`; elsewhere host and port.
    pub identity: String,
    /// Its `highestCommittedUSN`; none where the directory is not AD.
    pub usn: Option<i64>,
}

/// What ties an imported user to its directory; of a local user there is nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    /// The domain it belongs to; none: that of the run under way.
    pub domain: Option<DomainId>,
    /// The DN of that domain; only of a user that is listed.
    pub domain_dn: Option<Arc<str>>,
    /// Why its status is not `ok`.
    pub reason: Option<String>,
    /// Since when it is missing; only of one that is.
    pub absence: Option<Absence>,
    /// When the account expires (`accountExpires`); none: never, or the directory does not say.
    pub expires: Option<Timestamp>,
    /// Since which run it has been found; none: since the run under way.
    pub found: Option<Found>,
}

/// That a user is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// When the run began that missed it first. Every run since then that looked did not find it.
    pub since: Timestamp,
    /// The controllers that had returned it before.
    pub returned_by: Vec<ControllerId>,
}

/// The run that imported a user, or found it again after it was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the run; 0 where it is not known any more.
    pub run: i64,
    /// The controller that returned it then, where that is known.
    pub on: Option<ControllerId>,
}
