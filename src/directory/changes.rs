//! What changed in the domain since a change mark, and who still exists.
//!
//! `uSNChanged` is a number that a domain controller assigns to an object with every change it applies
//! (MS-ADTS 3.1.1.1.9, 3.1.1.3.2.10). An account that may not read it, or may not see deleted objects,
//! gets fewer entries, not an error. So each such search also asks for objects that are known to
//! exist, and its answer is believed only if they are found.

use std::collections::HashSet;

use ldap::{Entry, Pages, Scope, Search, dn, filter};

use super::error::DirectoryError;
use super::{BATCH, Directory};
use crate::plan::change_mark::{Mark, Position, Sentinels};
use crate::user::ObjectGuid;

/// `WKGUID` of the container of deleted objects (MS-ADTS 6.1.1.4.3)
const DELETED_OBJECTS: &str = "18e2ea80684f11d2b9aa00c04f79f805";

/// How many changes are kept, those of other objects included.
const MOST_CHANGED: usize = 1_000_000;

/// What a search for changes found.
#[derive(Debug, Default)]
pub struct Changes {
    /// The identities of the changed objects, deleted ones included, not only users.
    pub changed: Vec<ObjectGuid>,
    /// Whether the live witness was found, alive.
    pub sees_living: bool,
    /// A deleted object among them: the deleted witness if it is there, else any.
    pub deleted: Option<ObjectGuid>,
    /// A container that existed before and changed: users below it may have another DN or other rights
    /// without having changed themselves.
    pub container: Option<String>,
    /// Entries whose identity cannot be read.
    pub unidentified: u64,
    /// Whether there are more than are kept; then reading everybody is cheaper.
    pub are_too_many: bool,
}

impl Changes {
    /// Nothing changed, so what was seen then is still seen.
    fn none_since(mark: &Mark) -> Self {
        Self {
            sees_living: true,
            deleted: mark.sentinels.deleted,
            ..Self::default()
        }
    }
}

impl Directory {
    /// Whether what is read now is at least as recent as the mark, and would come out the same in a
    /// run that continues from it.
    pub fn is_past(&self, mark: &Mark) -> bool {
        self.root.service.as_ref() == Some(&mark.position.service)
            && self.root.highest_usn >= Some(mark.position.usn)
            && !self.server().is_global_catalog()
    }

    /// The domain controller's position when the connection was made. `None` where there is nothing to
    /// read it from: no AD, a global catalog, or an account that may not read the NTDS Settings object.
    pub fn position(&mut self) -> Result<Option<Position>, DirectoryError> {
        if self.position.is_none() {
            self.position = self.read_position()?;
        }
        Ok(self.position.clone())
    }

    fn read_position(&mut self) -> Result<Option<Position>, DirectoryError> {
        let (Some(service), Some(usn)) = (&self.root.service, self.root.highest_usn) else {
            return Ok(None);
        };
        if !self.root.is_active_directory || self.server().is_global_catalog() {
            return Ok(None);
        }
        let service = service.clone();
        let search = Search::at(&service, &["invocationId"]);
        let entry = self.connection.entry(&search)?;
        let value = entry.as_ref().and_then(|it| it.first("invocationId"));
        let invocation_id = value.and_then(|it| ObjectGuid::from_value(it).ok());
        Ok(invocation_id.map(|invocation_id| Position {
            service,
            invocation_id,
            usn,
        }))
    }

    /// The objects that every search for changes must return: a user of the scope, if it is found by
    /// `uSNChanged`, and a deleted object, if the account sees one.
    pub fn sentinels(&mut self, living: ObjectGuid) -> Result<Option<Sentinels>, DirectoryError> {
        let filter = self.seen_by_usn(living)?;
        let search = self.search_identities("a user by uSNChanged".to_owned(), filter, false);
        let mut is_seen = false;
        let mapping = &self.mapping;
        for page in self.connection.search(&search)? {
            let entries = page?;
            is_seen |= entries.iter().any(|it| mapping.guid(it) == Ok(living));
        }
        if !is_seen {
            return Ok(None);
        }
        let deleted = self.a_deleted_object()?;
        Ok(Some(Sentinels { living, deleted }))
    }

    /// The deleted object that changed last, of those on the first page of an answer. `None` where the
    /// account sees none. The container itself proves nothing: Samba shows it to everybody.
    fn a_deleted_object(&mut self) -> Result<Option<ObjectGuid>, DirectoryError> {
        Ok(self.newest_deleted()?.1)
    }

    /// Whether the account sees deleted objects, including one that has an identity.
    pub(super) fn newest_deleted(&mut self) -> Result<(bool, Option<ObjectGuid>), DirectoryError> {
        if !self.root.shows_deleted {
            return Ok((false, None));
        }
        let search = Search {
            what: "the deleted objects".to_owned(),
            base: format!("<WKGUID={DELETED_OBJECTS},{}>", self.domain),
            scope: Scope::OneLevel,
            filter: "(isDeleted=TRUE)".to_owned(),
            attributes: vec![
                self.mapping.guid_attribute().to_owned(),
                "uSNChanged".to_owned(),
            ],
            show_deleted: true,
            first_page_only: true,
        };
        match self.connection.search(&search).and_then(Pages::all) {
            Ok((entries, _)) => {
                let mapping = &self.mapping;
                let seen = entries.iter().filter_map(|entry| {
                    Some((usn(entry, "uSNChanged")?, mapping.guid(entry).ok()?))
                });
                Ok((!entries.is_empty(), seen.max().map(|(_, guid)| guid)))
            }
            // Without the right to list it, the container may look absent.
            Err(error) if error.is_of_entry() => Ok((false, None)),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the domain controller applied any change since the mark.
    pub fn has_changed_since(&self, mark: &Mark) -> bool {
        self.root.highest_usn != Some(mark.position.usn)
    }

    /// What changed in the domain since the mark. [`Changes`] says whether it can be believed.
    pub fn changes_since(&mut self, mark: &Mark) -> Result<Changes, DirectoryError> {
        if !self.has_changed_since(mark) {
            return Ok(Changes::none_since(mark));
        }
        let first = mark.position.usn.saturating_add(1);
        let mut search = self.search_identities(
            format!("what changed in {} since USN {first}", self.domain),
            format!("(uSNChanged>={first})"),
            self.root.shows_deleted,
        );
        for attribute in ["uSNCreated", "objectClass"] {
            search.attributes.push(attribute.to_owned());
        }
        let mapping = &self.mapping;
        let domain = &self.domain;
        let mut changes = Changes::default();
        for page in self.connection.search(&search)? {
            for entry in page? {
                let Ok(guid) = mapping.guid(&entry) else {
                    changes.unidentified += 1;
                    continue;
                };
                if changes.changed.len() == MOST_CHANGED {
                    changes.are_too_many = true;
                    continue;
                }
                changes.changed.push(guid);
                if is_tombstone(&entry, domain) {
                    changes.deleted = Some(guid);
                }
                let is_new = usn(&entry, "uSNCreated").is_some_and(|it| it >= first);
                if is_container(&entry) && !is_new && !is_deleted(&entry) {
                    changes.container = Some(entry.dn().into_owned());
                }
            }
        }
        self.see_witnesses(mark.sentinels, &mut changes)?;
        Ok(changes)
    }

    /// Records which of the witnesses are found, which an account that sees no changes would not find. They are
    /// looked up after the changes, in a search of their own: Samba, which has no index of `uSNChanged`, compares
    /// every object of the domain with each term of a filter for both.
    fn see_witnesses(
        &mut self,
        Sentinels { living, deleted }: Sentinels,
        changes: &mut Changes,
    ) -> Result<(), DirectoryError> {
        let mut terms = Vec::new();
        for witness in [Some(living), deleted].into_iter().flatten() {
            terms.push(self.seen_by_usn(witness)?);
        }
        let search = self.search_identities(
            "users by uSNChanged".to_owned(),
            filter::any(terms),
            self.root.shows_deleted,
        );
        let mapping = &self.mapping;
        let domain = &self.domain;
        for page in self.connection.search(&search)? {
            for entry in page? {
                let guid = mapping.guid(&entry).ok();
                changes.sees_living |= guid == Some(living) && !is_deleted(&entry);
                if guid == deleted && is_tombstone(&entry, domain) {
                    changes.deleted = deleted;
                }
            }
        }
        Ok(())
    }

    /// Those of these users who are not in the domain.
    pub fn absent(
        &mut self,
        guids: &[ObjectGuid],
        mut on_batch: impl FnMut(usize),
    ) -> Result<Vec<ObjectGuid>, DirectoryError> {
        let mut absent = Vec::new();
        for batch in guids.chunks(BATCH) {
            let identities = self.any_of(batch)?;
            let search = self.search_identities(
                format!("whether {} users are in {}", batch.len(), self.domain),
                identities,
                false,
            );
            let mut missing: HashSet<ObjectGuid> = batch.iter().copied().collect();
            let mapping = &self.mapping;
            for page in self.connection.search(&search)? {
                let entries = page?;
                for guid in entries.iter().filter_map(|it| mapping.guid(it).ok()) {
                    missing.remove(&guid);
                }
            }
            absent.extend(missing);
            on_batch(batch.len());
        }
        Ok(absent)
    }

    /// A filter for an object by identity and `uSNChanged`.
    fn seen_by_usn(&mut self, guid: ObjectGuid) -> Result<String, DirectoryError> {
        let identity = self.any_of(&[guid])?;
        Ok(filter::all(&[&identity, "(uSNChanged>=1)"]))
    }

    /// A search of the whole domain for identities only.
    pub(super) fn search_identities(
        &self,
        what: String,
        filter: String,
        show_deleted: bool,
    ) -> Search {
        Search {
            what,
            base: self.domain.clone(),
            scope: Scope::Subtree,
            filter,
            attributes: vec![
                self.mapping.guid_attribute().to_owned(),
                "isDeleted".to_owned(),
            ],
            show_deleted,
            first_page_only: false,
        }
    }
}

/// Whether an entry is a deleted object that only those see who may list the container of deleted
/// objects. That container is marked as deleted itself, and is seen by others too; so are objects that
/// stay where they were when they are deleted (MS-ADTS 3.1.1.5.5.1.1).
fn is_tombstone(entry: &Entry, domain: &str) -> bool {
    let container = format!("CN=Deleted Objects,{domain}");
    let dn = entry.dn();
    is_deleted(entry) && dn.contains("\\0ADEL:") && dn::is_within(&dn, &container)
}

/// Whether an entry is a container.
fn is_container(entry: &Entry) -> bool {
    ["organizationalUnit", "container"]
        .iter()
        .any(|class| entry.has("objectClass", class))
}

/// The `uSNChanged` of an entry.
fn usn(entry: &Entry, attribute: &str) -> Option<i64> {
    entry.first_text(attribute)?.parse().ok()
}

/// Whether an entry is marked as deleted.
pub(super) fn is_deleted(entry: &Entry) -> bool {
    entry
        .first("isDeleted")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"TRUE"))
}
