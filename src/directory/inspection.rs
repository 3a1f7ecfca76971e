//! What `adsync check` asks: does the base exist, who is in scope, what may the account see, and what
//! was probably meant where the settings name something that does not exist.

mod identities;

use std::collections::BTreeSet;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use ldap::{Entry, Scope, Search, ServerUrl, Tally, dn, filter, ldapsearch, standard};

use super::Directory;
use super::attribute::Attribute;
use super::error::DirectoryError;
use super::mapping::{Mapping, Unusable};
use super::options::{Attributes, Options, PEOPLE};
use super::schema::Schema;
use crate::util::nearest::{misspelt, nearest};

pub use identities::Identities;

/// How long to try a port that is tried only for a hint.
const PORT_DEADLINE: Duration = Duration::from_secs(1);

/// A filter for the users of plain LDAP (RFC 4519, 3.12).
const ANY_PERSON: &str = "(objectClass=person)";

/// A mapped attribute that nobody has.
#[derive(Debug)]
pub struct Unfilled {
    /// The field that is read from it.
    pub field: &'static str,
    /// The attribute.
    pub attribute: String,
    /// Whether the field is read from no other attribute.
    pub is_alone: bool,
    /// Whether it is the field's default attribute.
    pub is_default: bool,
    /// An attribute with a similar name that users do have.
    pub meant: Option<String>,
}

impl Directory {
    /// How many users the base has regardless of the filter, and how many the whole domain has.
    pub fn count_without_filter(&mut self) -> Result<(u64, u64), DirectoryError> {
        let people = self.people();
        let base = self.count_in(self.base.clone(), people.clone())?;
        let domain = self.count_in(self.domain.clone(), people)?;
        Ok((base.entries, domain.entries))
    }

    /// How many of the domain's own accounts (`isCriticalSystemObject`) are in the base but not in the scope, and
    /// how many are in it. `None` where there are no such accounts.
    pub fn system_accounts(&mut self) -> Result<Option<(u64, u64)>, DirectoryError> {
        const SYSTEM: &str = "(isCriticalSystemObject=TRUE)";
        const PEOPLE: &str = "(objectCategory=person)";
        if !self.root.is_active_directory {
            return Ok(None);
        }
        let all = filter::all(&[PEOPLE, SYSTEM]);
        let in_scope = filter::all(&[self.filter.as_str(), SYSTEM]);
        let all = self.count_in(self.base.clone(), all)?.entries;
        let in_scope = self.count_in(self.base.clone(), in_scope)?.entries;
        Ok(Some((all.saturating_sub(in_scope), in_scope)))
    }

    /// A filter for users regardless of the settings.
    fn people(&self) -> String {
        if self.root.is_active_directory {
            PEOPLE.as_str().to_owned()
        } else {
            ANY_PERSON.to_owned()
        }
    }

    fn count_in(&mut self, base: String, filter: String) -> Result<Tally, DirectoryError> {
        let mut search = self.search_for_users(format!("the users of {base}"), base, filter);
        search.attributes = vec!["1.1".to_owned()];
        self.tally(&search)
    }

    fn tally(&mut self, search: &Search) -> Result<Tally, DirectoryError> {
        let mut pages = self.connection.search(search)?;
        for page in &mut pages {
            page?;
        }
        Ok(pages.tally())
    }

    /// Whether the base of the scope exists.
    pub fn base_exists(&mut self) -> Result<bool, DirectoryError> {
        self.exists(&self.base.clone())
    }

    /// The container around the base, if the base is no container: a person, or a group.
    pub fn base_around(&mut self) -> Result<Option<(&'static str, String)>, DirectoryError> {
        const LEAVES: [(&str, &str); 2] = [
            ("a person", "(objectClass=person)"),
            (
                "a group",
                "(|(objectClass=group)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
            ),
        ];
        let base = self.base.clone();
        let Some((_, around)) = dn::split(&base) else {
            return Ok(None);
        };
        for (what, filter) in LEAVES {
            if self.tally(&entries_at(&base, Scope::Base, filter))?.entries > 0 {
                return Ok(Some((what, around.to_owned())));
            }
        }
        Ok(None)
    }

    fn exists(&mut self, dn: &str) -> Result<bool, DirectoryError> {
        let search = entries_at(dn, Scope::Base, "(objectClass=*)");
        Ok(self.tally(&search)?.entries > 0)
    }

    /// What a base that does not exist was probably meant to be: the container with the nearest name beside where it
    /// would be.
    pub fn base_meant(&mut self) -> Option<String> {
        let base = self.base.clone();
        let (mut below, mut missing) = (Vec::new(), base.as_str());
        // Up to the first that exists; a read that fails says nothing about the base.
        let (name, parent) = loop {
            let (name, parent) = dn::split(missing)?;
            if self.exists(parent).is_ok_and(|is_there| is_there) {
                break (name, parent);
            }
            below.push(name);
            missing = parent;
        };
        let filter = "(|(objectClass=organizationalUnit)(objectClass=container))";
        let children = entries_at(parent, Scope::OneLevel, filter);
        let (children, _) = self.connection.search(&children).ok()?.all().ok()?;
        let name_of = |entry: &Entry| Some(dn::split(&entry.dn())?.0.to_owned());
        let names: Vec<String> = children.iter().filter_map(name_of).collect();
        let value = |name: &str| {
            name.split_once('=')
                .map_or_else(String::new, |(_, it)| it.to_owned())
        };
        // By value, which also finds an OU mistaken for a container, such as CN=Staff for OU=Staff.
        let meant = nearest(&value(name), names.iter().map(|it| value(it)))?;
        let meant = names.iter().find(|it| value(it) == meant)?;
        let meant = format!("{meant},{parent}");
        let whole = below
            .iter()
            .rev()
            .fold(meant.clone(), |dn, name| format!("{name},{dn}"));
        Some(if self.exists(&whole).is_ok_and(|it| it) {
            whole
        } else {
            meant
        })
    }

    /// Whether the account sees any deleted object; `None` if the directory keeps none.
    pub fn sees_deleted(&mut self) -> Result<Option<bool>, DirectoryError> {
        if !self.root.shows_deleted {
            return Ok(None);
        }
        Ok(Some(self.newest_deleted()?.0))
    }

    /// How far the clock of the domain controller is ahead of this host's, in seconds.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.root.clock_ahead
    }

    /// The mapped attributes that no user of the scope has.
    pub fn unfilled(&mut self) -> Result<Vec<Unfilled>, DirectoryError> {
        let scope = self.filter.as_str().to_owned();
        let sample = self.attributes_of(self.base.clone(), scope)?;
        let defaults = Mapping::unresolved(Attributes::default(), self.root.is_active_directory);
        // What users have, and the defaults.
        let mut known = sample.clone();
        known.extend(defaults.requested());
        let mut unfilled = Vec::new();
        let is_absent = |it: &&Attribute| !sample.iter().any(|name| it.is_called(name));
        for ((field, attributes), (_, default)) in self.mapping.fields().zip(defaults.fields()) {
            // Those the schema does not have were reported already.
            let is_known = |it: &&Attribute| {
                let unusable = &mut self.unusable.iter();
                !unusable.any(|unusable| unusable.attribute == it.written())
            };
            for attribute in attributes.iter().filter(is_absent).filter(is_known) {
                let written = attribute.written();
                unfilled.push(Unfilled {
                    field,
                    attribute: written.to_owned(),
                    is_alone: attributes.len() == 1,
                    is_default: default.iter().any(|it| it.is_called(written)),
                    meant: misspelt(written, &known).cloned(),
                });
            }
        }
        let mut nobody = Vec::new();
        for it in unfilled {
            if !self.has_anybody(&it.attribute)? {
                nobody.push(it);
            }
        }
        Ok(nobody)
    }

    /// The attributes of the settings that cannot be used on this server, always checked against its schema.
    pub fn misnamed(&mut self) -> Result<&[Unusable], DirectoryError> {
        if !self.root.is_active_directory {
            self.ask_schema()?;
        }
        Ok(self.unusable())
    }

    /// The attributes of the filter that the server's schema does not have, and what was probably meant. Empty
    /// if every server has them, or if the schema cannot be read.
    pub fn unknown_in_filter(&mut self) -> Result<Vec<(String, Option<String>)>, DirectoryError> {
        let is_active_directory = self.root.is_active_directory;
        let names = filter::attributes(self.filter.as_str());
        let mut doubtful = names
            .into_iter()
            .filter(|name| !standard::is_sure(name, is_active_directory))
            .peekable();
        if doubtful.peek().is_none() {
            return Ok(Vec::new());
        }
        let Some(schema) = Schema::read(&mut self.connection, &self.root)? else {
            return Ok(Vec::new());
        };
        Ok(doubtful
            .filter(|name| schema.attribute(name).is_none())
            .map(|name| (name.to_owned(), schema.meant(name)))
            .collect())
    }

    /// The attributes of the filter that no user has, and what was probably meant; if the filter finds
    /// nobody, one of them may be why.
    pub fn misspelt_in_filter(&mut self) -> Result<Vec<(String, String)>, DirectoryError> {
        let sample = self.attributes_of(self.domain.clone(), self.people())?;
        let names = filter::attributes(self.filter.as_str());
        let absent = names.into_iter().filter(|name| !has(&sample, name));
        Ok(absent
            .filter_map(|name| Some((name.to_owned(), misspelt(name, &sample)?.clone())))
            .collect())
    }

    /// The names of the attributes that the first users have.
    fn attributes_of(
        &mut self,
        base: String,
        filter: String,
    ) -> Result<BTreeSet<String>, DirectoryError> {
        let mut search =
            self.search_for_users(format!("attributes of users of {base}"), base, filter);
        // All user attributes, and the operational ones that must be named (RFC 4512, 3.4).
        search.attributes.extend(["*".to_owned(), "+".to_owned()]);
        search.first_page_only = true;
        let mut names = BTreeSet::new();
        for page in self.connection.search_names(&search)? {
            let entries = page?;
            let all = entries.iter().flat_map(Entry::attributes);
            names.extend(all.map(|(name, _)| name));
        }
        Ok(names)
    }

    /// Whether any user of the scope has the attribute, if none of the first does.
    fn has_anybody(&mut self, attribute: &str) -> Result<bool, DirectoryError> {
        let present = format!("({attribute}=*)");
        let mut search = self.search_for_users(
            format!("users of {} with {attribute}", self.base),
            self.base.clone(),
            filter::all(&[self.filter.as_str(), &present]),
        );
        search.attributes = vec!["1.1".to_owned()];
        search.first_page_only = true;
        Ok(self.tally(&search)?.entries > 0)
    }

    /// The account as `dsacls` takes it: `CORP\svc-adsync`, or a UPN.
    pub fn account_name(&mut self) -> String {
        let username = self.account().to_owned();
        if !username.contains('=') {
            return username;
        }
        let mut search = entries_at(&username, Scope::Base, "(objectClass=*)");
        search.attributes = vec!["sAMAccountName".to_owned()];
        let entry = self.connection.entry(&search).ok().flatten();
        let domain = dn::dns_name(&self.domain);
        match entry.and_then(|it| it.first_text("sAMAccountName")) {
            Some(name) => format!("{name}@{domain}"),
            None => username,
        }
    }

    /// The command line that reads the users of the scope as adsync does.
    pub fn ldapsearch(&self, options: &Options, login: &str) -> String {
        let search = self.search_for_users(
            String::new(),
            self.base.clone(),
            self.filter.as_str().to_owned(),
        );
        in_shell(&search, self.server(), options, login)
    }
}

/// The command line that reads the rootDSE of a server, which every account may do.
pub fn ldapsearch_of_root(server: &ServerUrl, options: &Options, login: &str) -> String {
    let mut search = entries_at("", Scope::Base, "(objectClass=*)");
    search.attributes = vec!["defaultNamingContext".to_owned()];
    in_shell(&search, server, options, login)
}

fn in_shell(search: &Search, server: &ServerUrl, options: &Options, login: &str) -> String {
    ldapsearch::complete(search, server, &options.trust(), options.starttls, login)
}

/// Which LDAP ports are open on the host of an unreachable server.
pub fn open_ports(server: &ServerUrl) -> Vec<u16> {
    [636, 389]
        .into_iter()
        .filter(|&port| port != server.port() && is_open(server.host(), port))
        .collect()
}

fn is_open(host: &str, port: u16) -> bool {
    let Ok(mut addresses) = (host, port).to_socket_addrs() else {
        return false;
    };
    addresses.any(|it| TcpStream::connect_timeout(&it, PORT_DEADLINE).is_ok())
}

fn entries_at(base: &str, scope: Scope, filter: &str) -> Search {
    let what = if base.is_empty() { "the rootDSE" } else { base };
    Search {
        scope,
        first_page_only: scope == Scope::OneLevel,
        ..Search::below(what.to_owned(), base, filter.to_owned(), &["1.1"])
    }
}

fn has(names: &BTreeSet<String>, attribute: &str) -> bool {
    names.iter().any(|it| it.eq_ignore_ascii_case(attribute))
}
