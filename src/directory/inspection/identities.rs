//! What `adsync check` asks about identities: whether every user has one, and whether it is unique.

use std::collections::HashSet;

use super::Directory;
use crate::directory::error::DirectoryError;

/// How many users of the scope there are, and what is wrong with their identities.
#[derive(Debug, Default)]
pub struct Identities {
    /// How many users there are.
    pub users: u64,
    /// How many of their accounts are disabled; none where the directory does not say.
    pub disabled: u64,
    /// How many have no usable identity.
    pub unusable: u64,
    /// The first of them: its DN, and why.
    pub example: Option<(String, String)>,
    /// How many share theirs with another, and the DN of one of them.
    pub repeated: u64,
    /// The DN of one of those.
    pub repeated_example: Option<String>,
}

impl Directory {
    /// Reads the identity of every user of the scope.
    pub fn identities(&mut self) -> Result<Identities, DirectoryError> {
        let filter = self.filter.as_str().to_owned();
        let mut search = self.search_for_users(
            format!("the users of {}", self.base),
            self.base.clone(),
            filter,
        );
        search.attributes = vec![self.mapping.guid_attribute().to_owned()];
        if self.is_active_directory() {
            search.attributes.push("userAccountControl".to_owned());
        }
        let mapping = &self.mapping;
        let mut found = Identities::default();
        let mut seen = HashSet::new();
        for page in self.connection.search_lenient(&search)? {
            let entries = page?;
            for entry in &entries {
                found.users += 1;
                found.disabled += u64::from(mapping.enabled(entry) == Some(false));
                match mapping.guid(entry) {
                    Ok(guid) if seen.insert(guid) => {}
                    Ok(_) => {
                        found.repeated += 1;
                        found
                            .repeated_example
                            .get_or_insert_with(|| entry.dn().into_owned());
                    }
                    Err(reason) => {
                        found.unusable += 1;
                        found
                            .example
                            .get_or_insert_with(|| (entry.dn().into_owned(), reason));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The attribute of the identity, as the settings have it.
    pub fn identity(&self) -> &str {
        self.mapping.identity().attribute().written()
    }

    /// Whether the identity is a name, which a person may get another of.
    pub fn identity_is_name(&self) -> bool {
        self.mapping.identity().is_name()
    }
}
