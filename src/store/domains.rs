//! The domains of the imported users, as a store knows them. They are few, so all questions about them are answered
//! here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ldap::dn as names;

use crate::plan::change_mark::{Mark, ReadSettings};
use crate::user::{Controller, ControllerId, Domain, DomainId, ObjectGuid, StoredUser};

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
    /// The settings under which it was read last, and the run that did.
    pub settings: Option<(ReadSettings, i64)>,
    /// The change mark. One that adsync did not write so is none: then everything is read.
    pub mark: Option<Mark>,
    /// How many users the scope had when all of it was read last, if it ever was.
    pub scope_users: Option<u64>,
    /// Who answered for it.
    pub controllers: Vec<KnownController>,
}

/// A domain controller as the store knows it.
#[derive(Clone, Debug)]
pub struct KnownController {
    /// Its key.
    pub id: ControllerId,
    /// `invocationId`; where that cannot be read `dsServiceName`; elsewhere host and port.
    pub identity: String,
    /// The highest `highestCommittedUSN` that it has shown.
    pub usn: Option<i64>,
    /// The last run in which it read the domain completely.
    pub full_run: Option<i64>,
}

/// All domains of a store, in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Domains(pub(super) Vec<KnownDomain>);

impl Domains {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &KnownDomain> {
        self.0.iter()
    }

    /// What is known of a domain.
    pub fn known(&self, domain: &Domain) -> Option<&KnownDomain> {
        self.iter().find(|it| Some(it.id) == domain.id)
    }

    /// The domain that a run reads, with its key where the store has one: by the identity of its head; by its DN where
    /// one of the two has no such identity.
    pub fn domain(&self, guid: Option<ObjectGuid>, dn: &str) -> Domain {
        let is_it = |it: &&KnownDomain| guid.is_some() && it.guid == guid;
        let has_dn =
            |it: &&KnownDomain| (guid.is_none() || it.guid.is_none()) && names::same(&it.dn, dn);
        let found = self.iter().find(is_it);
        let found = found.or_else(|| self.iter().find(has_dn));
        Domain {
            id: found.map(|it| it.id),
            guid: guid.or_else(|| found.and_then(|it| it.guid)),
            dn: dn.to_owned(),
        }
    }

    /// The domain of a DN for which a controller has answered before, if its head is known.
    pub fn of_controller(&self, identity: &str, dn: &str) -> Option<Domain> {
        let has_answered =
            |it: &KnownDomain| it.controllers.iter().any(|it| it.identity == identity);
        let found = self
            .iter()
            .find(|it| it.guid.is_some() && has_answered(it) && names::same(&it.dn, dn))?;
        Some(Domain {
            id: Some(found.id),
            guid: found.guid,
            dn: dn.to_owned(),
        })
    }

    /// The domain that a DN lies in, as far as that can be told from it.
    pub fn around(&self, dn: &str) -> Option<DomainId> {
        let around = self.iter().filter(|it| names::is_within(dn, &it.dn));
        around.max_by_key(|it| it.dn.len()).map(|it| it.id)
    }

    /// Which rows are of a domain.
    pub fn ours(&self, domain: &Domain) -> Ours {
        let keys = self.iter().filter(|it| it.is_provisional);
        Ours {
            id: domain.id,
            unread: keys.map(|it| it.id).collect(),
        }
    }

    /// A controller, with its key if it has answered before. One that has come less far than it had then was brought
    /// back from a copy: it is another one, for what it has returned before means nothing any more.
    pub fn controller(&self, domain: &Domain, identity: String, usn: Option<i64>) -> Controller {
        let is_it = |it: &&KnownController| {
            let is_before = it.usn.zip(usn).is_none_or(|(then, now)| then <= now);
            it.identity == identity && is_before
        };
        let known = self.known(domain);
        let found = known.and_then(|it| it.controllers.iter().find(is_it));
        Controller {
            id: found.map(|it| it.id),
            identity,
            usn,
        }
    }

    /// What a controller is known by.
    pub fn identity_of(&self, controller: ControllerId) -> Option<&str> {
        let mut all = self.iter().flat_map(|it| &it.controllers);
        all.find(|it| it.id == controller).map(|it| &*it.identity)
    }

    /// The DNs of all of them, for lists.
    pub fn names(&self) -> HashMap<DomainId, Arc<str>> {
        self.iter()
            .map(|it| (it.id, it.dn.as_str().into()))
            .collect()
    }
}

/// Which rows are of a domain.
#[derive(Clone, Debug)]
pub struct Ours {
    id: Option<DomainId>,
    /// Domains that no run has read yet: who has one of them is ours when it is found by its identity.
    unread: HashSet<DomainId>,
}

impl Ours {
    /// Whether a user that was found in the domain by its identity is this one.
    pub fn has(&self, user: &StoredUser) -> bool {
        match user.tracking.domain {
            None => true,
            Some(key) => Some(key) == self.id || self.unread.contains(&key),
        }
    }
}
