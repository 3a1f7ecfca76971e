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
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a right of the account, or a control, that is there or not"
)]
pub(crate) struct Visibility {
    pub(crate) tombstones: bool,
    /// What is left of deleted objects when they are recycled.
    pub(crate) recycled: bool,
    /// The container of tombstones itself.
    pub(crate) deleted_container: bool,
    /// Usernames of entries that the account lost the right to read.
    pub(crate) hidden: Vec<String>,
    /// Attributes that the account may not read, at or below these entries.
    pub(crate) hidden_attributes: Vec<(String, Key)>,
    /// Attributes that the account may read but not search for, at or below these entries.
    pub(crate) unsearchable: Vec<(String, Key)>,
    /// Entries on which, and below which, the account has no right at all.
    pub(crate) denied: Vec<Key>,
    /// Whether a denied entry that is the base of a search is told of by its bare DN, as in AD.
    pub(crate) tells_bare_names: bool,
    /// Whether references are entries.
    pub(crate) manages_references: bool,
}

/// Why a base DN cannot be searched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadBase {
    Malformed,
    /// Outside of the naming contexts of this server.
    Elsewhere,
    /// With the nearest entry above it that exists.
    Missing(String),
    /// On another server, at these URIs.
    Reference(Vec<String>),
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
    /// Parts of the tree that it does not enter.
    not_entered: Vec<Key>,
    /// Only the DN of the base may be told.
    pub(crate) is_bare: bool,
    pub(crate) includes_domain_root: bool,
    /// Where the search goes on, on other servers.
    pub(crate) referrals: Vec<String>,
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
        let is_any =
            matches!(filter, Filter::Present(it) if it.eq_ignore_ascii_case("objectClass"));
        let is_bare = is_denied(&visibility, &base) && scope == LdapSearchScope::Base && is_any;
        let candidates: Vec<EntryId> = match (matcher.candidates(directory), &scope) {
            (Some(ids), _) => ids.into_iter().collect(),
            (None, LdapSearchScope::Base) => directory.id_of_key(&base).into_iter().collect(),
            (None, _) => directory.subtree(&base).collect(),
        };
        let manages = visibility.manages_references;
        let is_below = |key: &Key| match scope {
            LdapSearchScope::Base => false,
            LdapSearchScope::OneLevel => base.is_parent_of(key),
            LdapSearchScope::Subtree | LdapSearchScope::Children => base.contains(key),
        };
        Ok(Self {
            not_entered: directory.not_entered(&base, manages),
            is_bare,
            referrals: directory.referrals_below(manages, is_below),
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
            not_entered,
            is_bare,
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
            let is_entered = !not_entered.iter().any(|it| it.contains(&entry.key));
            let is_found = || visibility.shows(entry) && matcher.matches(&looked_at);
            in_scope && is_entered && (*is_bare || is_found())
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

    /// Whether a filter that names an attribute of an entry is neither true nor false for the account.
    pub(crate) fn is_undefined(&self, entry: &Entry, attribute: &str) -> bool {
        let mut unsearchable = self.unsearchable.iter();
        self.hides(entry, attribute)
            || unsearchable.any(|(name, below)| {
                name.eq_ignore_ascii_case(attribute) && below.contains(&entry.key)
            })
    }

    fn shows(&self, entry: &Entry) -> bool {
        let is_container = entry.deleted && !entry.has("lastKnownParent");
        let is_recycled = entry.deleted && entry.has("isRecycled");
        (!entry.deleted || self.tombstones || (self.deleted_container && is_container))
            && (!is_recycled || self.recycled)
            && !is_denied(self, &entry.key)
            && !self.hidden.iter().any(|name| entry.is_user_called(name))
    }
}

fn is_denied(visibility: &Visibility, key: &Key) -> bool {
    visibility.denied.iter().any(|it| it.contains(key))
}

/// Whether the account may know that an entry is there: it may list what is in the entry above.
fn is_told_of(visibility: &Visibility, key: &Key) -> bool {
    let above = |it: &Key| it.contains(key) && it != key;
    visibility.tells_bare_names
        && visibility.denied.contains(key)
        && !visibility.denied.iter().any(above)
}

/// Finds the base of a search, given as a DN or as `<GUID=…>` (MS-ADTS 3.1.1.3.1.2.4).
fn find_base(directory: &Directory, text: &str, visibility: &Visibility) -> Result<Key, BadBase> {
    let shown = |id: EntryId| {
        let entry = directory.entry(id)?;
        let is_found = visibility.shows(entry) || is_told_of(visibility, &entry.key);
        is_found.then(|| entry.key.clone())
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
    if let Some(uris) = directory.referral_of(&dn.key(), visibility.manages_references) {
        return Err(BadBase::Reference(uris));
    }
    if let Some(key) = directory.id_of_key(&dn.key()).and_then(shown) {
        return Ok(key);
    }
    let nearest = std::iter::successors(dn.parent(), Dn::parent).find(|ancestor| {
        directory
            .id_of_key(&ancestor.key())
            .and_then(shown)
            .is_some()
    });
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
