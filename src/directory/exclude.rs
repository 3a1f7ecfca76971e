//! Usernames that are left out of the scope, as the server compares them.

use ldap::{Filter, filter};

use super::Directory;
use super::error::DirectoryError;
use super::mapping::Mapping;
use super::options::Options;
use super::schema::Schema;

/// What `exclude` asks of a server.
#[derive(Debug)]
pub(super) struct Exclude {
    /// The filter of the settings.
    scope: Filter,
    /// A condition for each username attribute and pattern.
    conditions: Vec<String>,
}

impl Exclude {
    pub(super) fn new(settings: &Options, mapping: &Mapping) -> Self {
        let names = mapping.username().iter();
        let conditions = names.flat_map(|attribute| {
            let patterns = settings.exclude.iter();
            patterns.map(|pattern| filter::like(attribute.asked(), pattern))
        });
        Self {
            scope: settings.filter.clone(),
            conditions: conditions.collect(),
        }
    }

    /// The filter of the scope: that of the settings, without the usernames that are left out.
    pub(super) fn filter(&self) -> Filter {
        if self.conditions.is_empty() {
            return self.scope.clone();
        }
        self.scope.except(self.conditions.iter().cloned())
    }

    /// The users of whom the server can say whether they are left out. A condition that it cannot evaluate is neither
    /// true nor false, and its opposite is not either (RFC 4511, 4.5.1.7): then it is nobody.
    fn decided(&self) -> String {
        let decided = |it: &String| filter::any([it.clone(), format!("(!{it})")]);
        let each: Vec<String> = self.conditions.iter().map(decided).collect();
        filter::all(&[self.scope.as_str(), &each.concat()])
    }
}

impl Directory {
    /// Refuses `exclude` if the server cannot evaluate it, for then everybody would be out of scope.
    pub fn require_exclude(&mut self) -> Result<(), DirectoryError> {
        if self.exclude.conditions.is_empty() {
            return Ok(());
        }
        let decided = self.exclude.decided();
        let scope = self.exclude.scope.as_str().to_owned();
        if self.has_any(decided)? || !self.has_any(scope)? {
            return Ok(());
        }
        let names = self.mapping.username().iter();
        Err(DirectoryError::Undecided {
            server: self.server().clone(),
            attributes: names.map(|it| it.written().to_owned()).collect(),
        })
    }

    /// The username attributes that are compared with a part of a name, though the schema of the server has no
    /// substring matching rule for them. Empty where the schema is AD's own or cannot be read.
    pub fn without_substring_rule(&mut self) -> Result<Vec<String>, DirectoryError> {
        let has_parts = self.exclude.conditions.iter().any(|it| it.contains('*'));
        if !has_parts || self.root.is_active_directory {
            return Ok(Vec::new());
        }
        let Some(schema) = Schema::read(&mut self.connection, &self.root)? else {
            return Ok(Vec::new());
        };
        let has_rule = |name: &str| {
            let kind = schema.attribute(name);
            kind.is_none_or(|it| schema.inherited(it, |it| it.substring.as_deref()).is_some())
        };
        let names = self.mapping.username().iter();
        let names = names.filter(|it| !has_rule(it.asked()));
        Ok(names.map(|it| it.written().to_owned()).collect())
    }

    /// Whether the base has any entry that matches.
    fn has_any(&mut self, filter: String) -> Result<bool, DirectoryError> {
        let what = format!("users of {}", self.base);
        let mut search = self.search_for_users(what, self.base.clone(), filter);
        search.attributes = vec!["1.1".to_owned()];
        search.first_page_only = true;
        let mut pages = self.connection.search(&search)?;
        for page in &mut pages {
            page?;
        }
        Ok(pages.tally().entries > 0)
    }
}
