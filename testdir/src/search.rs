//! One search and its pages: which entries are in scope, and which come next.

use ldap3_proto::proto::LdapSearchScope;
use uuid::Uuid;

use crate::directory::Directory;
use crate::dn::{Dn, Key};
use crate::entry::{Entry, EntryId};
use crate::filter::Filter;
use crate::matcher::{LookedAt, Matcher};

/// Which entries a client may see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visibility {
    pub(crate) tombstones: bool,
    /// The container of tombstones itself.
    pub(crate) deleted_container: bool,
    /// Usernames of entries that the account lost the right to read.
    pub(crate) hidden: Vec<String>,
    /// Attributes that the account may not read, at or below these entries.
    pub(crate) hidden_attributes: Vec<(String, Key)>,
}

/// Why a base DN cannot be searched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadBase {
    Malformed,
    /// Outside of the naming contexts of this server.
    Elsewhere,
    /// With the nearest entry above it that exists.
    Missing(String),
}

/// A search that is under way. The candidates are fixed when it begins, but
/// each is looked at only when its page is made, so that a change between two
/// pages shows, as it does in AD.
#[derive(Debug)]
pub(crate) struct Search {
    base: Key,
    scope: LdapSearchScope,
    matcher: Matcher,
    pub(crate) visibility: Visibility,
    candidates: std::vec::IntoIter<EntryId>,
    /// The entry found when looking whether there is another page.
    next: Option<EntryId>,
    pub(crate) includes_domain_root: bool,
}

impl Search {
    pub(crate) fn new(
        directory: &Directory,
        base: &str,
        scope: LdapSearchScope,
        filter: &Filter,
        visibility: Visibility,
    ) -> Result<Self, BadBase> {
        let base = find_base(directory, base, &visibility)?;
        let matcher = Matcher::new(filter, directory);
        let candidates: Vec<EntryId> = match (matcher.candidates(directory), &scope) {
            (Some(ids), _) => ids.into_iter().collect(),
            (None, LdapSearchScope::Base) => directory.id_of_key(&base).into_iter().collect(),
            (None, _) => directory.subtree(&base).collect(),
        };
        Ok(Self {
            includes_domain_root: base == directory.base().key()
                && scope == LdapSearchScope::Subtree,
            base,
            scope,
            matcher,
            visibility,
            candidates: candidates.into_iter(),
            next: None,
        })
    }

    /// The next entries, at most this many.
    pub(crate) fn take(&mut self, directory: &Directory, count: usize) -> Vec<EntryId> {
        let mut found = Vec::new();
        while found.len() < count {
            let Some(id) = self.next.take().or_else(|| self.advance(directory)) else {
                break;
            };
            found.push(id);
        }
        found
    }

    pub(crate) fn has_more(&mut self, directory: &Directory) -> bool {
        if self.next.is_none() {
            self.next = self.advance(directory);
        }
        self.next.is_some()
    }

    fn advance(&mut self, directory: &Directory) -> Option<EntryId> {
        let Self {
            base,
            scope,
            matcher,
            visibility,
            candidates,
            ..
        } = self;
        candidates.find(|id| {
            let Some(entry) = directory.entry(*id) else {
                return false;
            };
            let in_scope = match scope {
                LdapSearchScope::Base => *base == entry.key,
                LdapSearchScope::OneLevel => base.is_parent_of(&entry.key),
                LdapSearchScope::Subtree => base.contains(&entry.key),
                LdapSearchScope::Children => *base != entry.key && base.contains(&entry.key),
            };
            let looked_at = LookedAt {
                id: *id,
                entry,
                directory,
                visibility,
            };
            in_scope && visibility.shows(entry) && matcher.matches(&looked_at)
        })
    }
}

impl Visibility {
    /// Whether the account may not read an attribute of an entry.
    pub(crate) fn hides(&self, entry: &Entry, attribute: &str) -> bool {
        // `member;range=0-1499` is a part of `member`.
        let name = attribute.split(';').next().unwrap_or(attribute);
        let mut hidden = self.hidden_attributes.iter();
        hidden
            .any(|(hidden, below)| hidden.eq_ignore_ascii_case(name) && below.contains(&entry.key))
    }

    fn shows(&self, entry: &Entry) -> bool {
        let is_container = entry.deleted && !entry.has("lastKnownParent");
        (!entry.deleted || self.tombstones || (self.deleted_container && is_container))
            && !self.hidden.iter().any(|name| entry.is_user_called(name))
    }
}

/// Finds the base of a search, given as a DN or as `<GUID=…>` (MS-ADTS 3.1.1.3.1.2.4).
fn find_base(directory: &Directory, text: &str, visibility: &Visibility) -> Result<Key, BadBase> {
    let shown = |id: EntryId| {
        let entry = directory.entry(id)?;
        visibility.shows(entry).then(|| entry.key.clone())
    };
    if let Some(guid) = guid_base(text) {
        let found = directory.id_of_guid(parse_guid(guid)?).and_then(shown);
        return found.ok_or_else(|| BadBase::Missing(String::new()));
    }
    let well_known = deleted_objects_base(text);
    let dn = Dn::parse(well_known.as_deref().unwrap_or(text)).map_err(|_| BadBase::Malformed)?;
    if !directory.holds(&dn.key()) {
        return Err(BadBase::Elsewhere);
    }
    if let Some(key) = directory.id_of_key(&dn.key()).and_then(shown) {
        return Ok(key);
    }
    let nearest = std::iter::successors(dn.parent(), Dn::parent)
        .find(|ancestor| directory.id_of_key(&ancestor.key()).is_some());
    Err(BadBase::Missing(
        nearest.map(|dn| dn.to_string()).unwrap_or_default(),
    ))
}

/// What stands behind the `=` in `<GUID=…>`.
fn guid_base(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (name, value) = inner.split_once('=')?;
    name.eq_ignore_ascii_case("GUID").then_some(value)
}

/// The DN that `<WKGUID=…,DN>` means, for the container of deleted objects (MS-ADTS 6.1.1.4.3).
fn deleted_objects_base(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (guid, domain) = inner.strip_prefix("WKGUID=")?.split_once(',')?;
    guid.eq_ignore_ascii_case("18E2EA80684F11D2B9AA00C04F79F805")
        .then(|| format!("CN=Deleted Objects,{domain}"))
}

/// A GUID is written with hyphens, or as its bytes in order.
fn parse_guid(text: &str) -> Result<Uuid, BadBase> {
    let guid = Uuid::parse_str(text).map_err(|_| BadBase::Malformed)?;
    Ok(if text.contains('-') {
        guid
    } else {
        Uuid::from_bytes_le(guid.into_bytes())
    })
}
