//! What the evidence for a deletion rests on: which controller answers, for which domain, what the account sees of
//! deleted objects, and what is left where a user was.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ldap::code::{INVALID_DN_SYNTAX, NO_SUCH_OBJECT, REFERRAL};
use ldap::{Entry, Pages, Search, dn};

use super::error::DirectoryError;
use super::{BATCH, Directory, Read, changes};
use crate::plan::evidence::{DeletedObjects, LastPlace};
use crate::user::ObjectGuid;

/// The object that holds a forest's lifetime of deleted objects (MS-ADTS 6.1.1.2.4.1).
const DIRECTORY_SERVICE: &str = "CN=Directory Service,CN=Windows NT,CN=Services";

/// The lifetime of tombstones if `tombstoneLifetime` is not set, in days (MS-ADTS 6.1.1.2.4.1.1).
const UNSET_LIFETIME: u64 = 60;

/// The same if it cannot be read: the value new forests set.
const UNKNOWN_LIFETIME: u64 = 180;

/// How many entries with one identity are reported.
const MOST_TOLD: usize = 10;

/// The result of looking users up by identity in the whole domain.
#[derive(Debug, Default)]
pub struct Located {
    /// The live ones, or why the entry cannot be used.
    pub living: HashMap<ObjectGuid, Read>,
    /// The deleted ones, with their DNs.
    pub deleted: HashMap<ObjectGuid, String>,
    /// Those whose identity several entries have, with the DNs of the first few.
    pub several: HashMap<ObjectGuid, Vec<String>>,
    /// Entries with none of the identities asked for.
    pub unidentified: u64,
}

impl Located {
    fn insert(&mut self, guid: ObjectGuid, read: Option<Read>, dn: String) {
        if let Some(dns) = self.several.get_mut(&guid) {
            if dns.len() < MOST_TOLD {
                dns.push(dn);
            }
            return;
        }
        // The same entry again is not another user.
        let is_again = match &read {
            Some(read) => self.living.get(&guid) == Some(read),
            None => self.deleted.get(&guid) == Some(&dn),
        };
        if is_again {
            return;
        }
        let first = match self.living.remove(&guid) {
            Some(Ok(user)) => Some(user.dn().to_owned()),
            Some(Err(entry)) => Some(entry.dn),
            None => self.deleted.remove(&guid),
        };
        match (first, read) {
            (Some(first), _) => _ = self.several.insert(guid, vec![first, dn]),
            (None, Some(read)) => _ = self.living.insert(guid, read),
            (None, None) => _ = self.deleted.insert(guid, dn),
        }
    }
}

impl Directory {
    /// Which controller answers: its `invocationId` in hexadecimal, since it is the database that lags behind or is
    /// restored; `dsServiceName` if the account may not read that; host and port on other servers.
    pub fn controller_identity(&mut self) -> Result<String, DirectoryError> {
        if let Some(position) = self.position()? {
            let id = u128::from_be_bytes(*position.invocation_id.as_bytes());
            return Ok(format!("{id:032x}"));
        }
        let server = self.server();
        let address = format!("{}:{}", server.host().to_lowercase(), server.port());
        Ok(self.root.service.clone().unwrap_or(address))
    }

    /// The domain controller's highest USN; `None` where there is none.
    pub fn highest_usn(&self) -> Option<i64> {
        self.root.highest_usn
    }

    /// `objectGUID` of the head of the naming context; `None` where there is none, or the account may not read
    /// it.
    pub fn domain_guid(&mut self) -> Result<Option<ObjectGuid>, DirectoryError> {
        const OBJECT_GUID: &str = "objectGUID";
        if !self.root.is_active_directory {
            return Ok(None);
        }
        let search = Search::at(&self.domain, &[OBJECT_GUID]);
        let head = self.connection.entry(&search)?;
        let value = head.as_ref().and_then(|it| it.first(OBJECT_GUID));
        Ok(value.and_then(|it| ObjectGuid::from_value(it).ok()))
    }

    /// Looks users up by identity in the whole domain, without the filter of the scope, among live and, where the
    /// account may see them, deleted objects.
    pub fn locate(&mut self, guids: &[ObjectGuid]) -> Result<Located, DirectoryError> {
        let mut located = Located::default();
        for batch in guids.chunks(BATCH) {
            let count = batch.len();
            let identities = self.any_of(batch)?;
            let mut search = self.search_identities(
                format!("{count} missing users of {} by identity", self.domain),
                identities,
                self.root.shows_deleted,
            );
            search.attributes.extend(self.mapping.requested());
            let asked: HashSet<ObjectGuid> = batch.iter().copied().collect();
            let mapping = &self.mapping;
            for page in self.connection.search_lenient(&search)? {
                for entry in page? {
                    let dn = entry.dn().into_owned();
                    match mapping.guid(&entry) {
                        Ok(guid) if asked.contains(&guid) => {
                            let is_living = !changes::is_deleted(&entry);
                            let read = is_living.then(|| mapping.user(&entry));
                            located.insert(guid, read, dn);
                        }
                        // It was found by one of these identities but does not say which: it may be any
                        // of them, and taking that one for "not found" would delete a user.
                        _ => located.unidentified += 1,
                    }
                }
            }
        }
        Ok(located)
    }

    /// What the account sees of deleted objects. Those without the identity, which is any but
    /// `objectGUID` if the recycle bin is off, are as good as hidden: nobody can be recognised by them.
    pub fn deleted_objects(&mut self) -> Result<DeletedObjects, DirectoryError> {
        if !self.root.shows_deleted {
            return Ok(DeletedObjects::NotKept);
        }
        let (_, identified) = self.newest_deleted()?;
        Ok(match identified {
            None => DeletedObjects::Hidden,
            Some(_) => DeletedObjects::Shown {
                kept: self.deleted_kept()?,
            },
        })
    }

    /// How long the domain keeps deleted objects: the longer of the lifetimes of tombstones and, with the recycle bin,
    /// of deleted objects.
    fn deleted_kept(&mut self) -> Result<Duration, DirectoryError> {
        const LIFETIMES: [&str; 2] = ["tombstoneLifetime", "msDS-DeletedObjectLifetime"];
        let days = |days| Duration::from_hours(24 * days);
        let Some(configuration) = &self.root.configuration else {
            return Ok(days(UNKNOWN_LIFETIME));
        };
        let place = format!("{DIRECTORY_SERVICE},{configuration}");
        let search = Search::at(&place, &LIFETIMES);
        let Some(entry) = self.connection.entry(&search)? else {
            return Ok(days(UNKNOWN_LIFETIME));
        };
        let number = |name| entry.first_text(name)?.parse::<u64>().ok();
        let [tombstone, deleted] = LIFETIMES.map(number);
        let tombstone = tombstone.unwrap_or(UNSET_LIFETIME);
        Ok(days(tombstone.max(deleted.unwrap_or(tombstone))))
    }

    /// What is found at a user's last DN.
    pub fn last_place(&mut self, guid: ObjectGuid, dn: &str) -> Result<LastPlace, DirectoryError> {
        let attributes = [self.mapping.guid_attribute(), "objectClass"];
        let search = Search::at(dn, &attributes);
        let (entries, tally) = match self.connection.search(&search).and_then(Pages::all) {
            Ok(answer) => answer,
            Err(error) if !error.is_of_entry() => return Err(error.into()),
            Err(error) => {
                return Ok(match error.result_code() {
                    Some(REFERRAL) => LastPlace::Reference,
                    Some(NO_SUCH_OBJECT) => self.container(dn)?,
                    Some(INVALID_DN_SYNTAX) => LastPlace::Unknown,
                    _ => LastPlace::Unreadable,
                });
            }
        };
        let is_readable = entries.iter().any(|it| it.first("objectClass").is_some());
        Ok(match entries.last().map(|it| self.mapping.guid(it)) {
            Some(Ok(found)) if found == guid => LastPlace::Itself,
            // Somebody else has its DN now.
            Some(Ok(_)) => LastPlace::Empty,
            Some(Err(why)) if is_readable => LastPlace::Nameless(why),
            Some(Err(_)) => LastPlace::Unreadable,
            None if tally.referrals > 0 => LastPlace::Reference,
            None => self.container(dn)?,
        })
    }

    /// How many entries of the scope have an identity that cannot be read.
    pub fn nameless(&mut self) -> Result<u64, DirectoryError> {
        let mut search = self.search_for_users(
            format!("the identities of {}", self.base),
            self.base.clone(),
            self.filter.as_str().to_owned(),
        );
        search.attributes = vec![self.mapping.guid_attribute().to_owned()];
        let mapping = &self.mapping;
        let mut nameless = 0;
        for page in self.connection.search_lenient(&search)? {
            let entries = page?;
            let them = entries.iter().filter(|it| mapping.guid(it).is_err());
            nameless += them.count() as u64;
        }
        Ok(nameless)
    }

    /// Whether the container of a DN can be read.
    fn container(&mut self, dn: &str) -> Result<LastPlace, DirectoryError> {
        let Some(container) = dn::parent(dn) else {
            return Ok(LastPlace::Unknown);
        };
        let container = container.to_owned();
        if self.containers.contains(&container) {
            return Ok(LastPlace::Empty);
        }
        let search = Search::at(&container, &["objectClass"]);
        // An object on which the account has no right is returned as a bare DN.
        let is_readable = |it: &Entry| it.first("objectClass").is_some();
        match self.connection.search(&search).and_then(Pages::all) {
            Ok((entries, _)) if entries.iter().any(is_readable) => {
                self.containers.insert(container);
                Ok(LastPlace::Empty)
            }
            Ok((_, tally)) if tally.referrals > 0 => Ok(LastPlace::Reference),
            Err(error) if !error.is_of_entry() => Err(error.into()),
            Err(error) if error.result_code() == Some(REFERRAL) => Ok(LastPlace::Reference),
            _ => Ok(LastPlace::ContainerUnreadable(container)),
        }
    }
}
