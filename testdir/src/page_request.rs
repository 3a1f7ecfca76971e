//! A search request, with what its controls ask for.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{LdapSearchRequest, LdapSearchScope};

use crate::dn::Dn;
use crate::filter::Filter;
use crate::root_dse::SHOW_RECYCLED;
use crate::stats::{LoggedSearch, Scope};

/// A search request with its controls.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a control that is there or not"
)]
pub(crate) struct PageRequest {
    pub(crate) search: LdapSearchRequest,
    pub(crate) filter: Filter,
    pub(crate) paging: Option<(i64, Vec<u8>)>,
    pub(crate) show_deleted: bool,
    pub(crate) show_recycled: bool,
    /// References are entries to it (RFC 3296, section 3).
    pub(crate) manages_references: bool,
    /// Controls this server does not know although it must.
    pub(crate) unknown_critical: bool,
    pub(crate) deleted_is_critical: bool,
}

impl PageRequest {
    pub(crate) fn new(search: LdapSearchRequest, filter: Filter, controls: &[LdapControl]) -> Self {
        let mut request = Self {
            search,
            filter,
            paging: None,
            show_deleted: false,
            show_recycled: false,
            manages_references: false,
            unknown_critical: false,
            deleted_is_critical: false,
        };
        for control in controls {
            match control {
                LdapControl::SimplePagedResults { size, cookie } => {
                    request.paging = Some((*size, cookie.clone()));
                }
                LdapControl::ShowDeleted { criticality } => {
                    request.show_deleted = true;
                    request.deleted_is_critical = *criticality;
                }
                LdapControl::Unknown {
                    oid, criticality, ..
                } if oid == SHOW_RECYCLED => {
                    request.show_deleted = true;
                    request.show_recycled = true;
                    request.deleted_is_critical |= *criticality;
                }
                LdapControl::ManageDsaIT { .. } => request.manages_references = true,
                LdapControl::SdFlags { .. }
                | LdapControl::SearchOptions { .. }
                | LdapControl::Unknown {
                    criticality: false, ..
                } => {}
                // Sorting, DirSync and the like: leaving them out silently would be a wrong answer.
                _ => request.unknown_critical = true,
            }
        }
        request
    }

    /// Whether it reads the rootDSE.
    pub(crate) fn is_root_dse(&self) -> bool {
        self.search.base.is_empty() && self.search.scope == LdapSearchScope::Base
    }

    /// Whether it reads this entry.
    pub(crate) fn is_of(&self, dn: &str) -> bool {
        let key = |text: &str| Dn::parse(text).map(|dn| dn.key()).ok();
        self.search.scope == LdapSearchScope::Base && key(&self.search.base) == key(dn)
    }

    pub(crate) fn logged(&self, page: u32) -> LoggedSearch {
        LoggedSearch {
            base: self.search.base.clone(),
            scope: match self.search.scope {
                LdapSearchScope::Base => Scope::Base,
                LdapSearchScope::OneLevel => Scope::OneLevel,
                LdapSearchScope::Subtree => Scope::Subtree,
                LdapSearchScope::Children => Scope::Children,
            },
            filter: self.filter.to_string(),
            attributes: self.search.attrs.clone(),
            page,
            page_size: self.paging.as_ref().map(|(size, _)| *size),
            show_deleted: self.show_deleted,
        }
    }
}
