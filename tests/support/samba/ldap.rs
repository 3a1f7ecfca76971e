//! Owns the conversation with the running server: changes and searches, through
//! `OpenLDAP`'s command-line tools, so that adsync's own LDAP code is not checked
//! against itself.

use std::process::Command;
use std::time::Duration;

use super::ldif::{base64_decode, escape_filter_value, guid_text};
use super::provision::program;
use super::{ADMIN_PASSWORD, BASE_DN, CORP, SERVICE_PASSWORD, SambaDc};
use crate::support::process::{self, Finished};

/// For one call of a tool; thousands of records may be in it.
const TOOL_LIMIT: Duration = Duration::from_mins(5);

const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// Who asks the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
}

impl Login<'static> {
    // Of the domain of nearly every test.
    pub(crate) const ADMIN: Self = Self {
        name: CORP.admin_upn,
        password: ADMIN_PASSWORD,
    };
    pub(crate) const SERVICE: Self = Self {
        name: CORP.service_upn,
        password: SERVICE_PASSWORD,
    };
}

/// A question to the directory; by default the whole domain, and every
/// attribute.
pub(crate) struct Search<'a> {
    filter: &'a str,
    base: &'a str,
    scope: &'static str,
    attributes: &'a [&'a str],
    deleted: bool,
}

impl<'a> Search<'a> {
    pub(crate) fn new(filter: &'a str) -> Self {
        Self {
            filter,
            base: BASE_DN,
            scope: "sub",
            attributes: &["*"],
            deleted: false,
        }
    }

    /// One entry, by its name or as `<GUID=…>`.
    pub(crate) fn entry(dn: &'a str) -> Self {
        Self {
            base: dn,
            scope: "base",
            ..Self::new("(objectClass=*)")
        }
    }

    pub(crate) fn below(mut self, dn: &'a str) -> Self {
        self.base = dn;
        self
    }

    pub(crate) fn attributes(mut self, attributes: &'a [&'a str]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Asks for tombstones too; the server shows them to whom it may.
    pub(crate) fn with_deleted(mut self) -> Self {
        self.deleted = true;
        self
    }
}

/// One entry of an answer.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    values: Vec<(String, Vec<u8>)>,
}

impl Entry {
    pub(crate) fn bytes(&self, attribute: &str) -> Option<&[u8]> {
        self.values
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
            .map(|(_, value)| value.as_slice())
    }

    /// The first value of an attribute.
    pub(crate) fn text(&self, attribute: &str) -> Option<String> {
        self.bytes(attribute)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All values of an attribute.
    pub(crate) fn texts(&self, attribute: &str) -> Vec<String> {
        let values = self.values.iter();
        values
            .filter(|(name, _)| name.eq_ignore_ascii_case(attribute))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    pub(crate) fn guid(&self) -> String {
        guid_text(self.bytes("objectGUID").expect("the search asked for it"))
    }
}

impl SambaDc {
    /// The administrator of its domain.
    pub(crate) fn admin(&self) -> Login<'static> {
        Login {
            name: self.domain.admin_upn,
            password: ADMIN_PASSWORD,
        }
    }

    /// Applies LDIF change records as the administrator; the test fails when the
    /// server refuses one.
    pub(crate) fn ldif(&self, changes: &str) {
        self.try_ldif(self.admin(), changes)
            .unwrap_or_else(|error| panic!("{error}\nin the LDIF\n{changes}"));
    }

    /// Applies LDIF change records as somebody; an error is the server's.
    pub(crate) fn try_ldif(&self, who: Login<'_>, changes: &str) -> Result<(), String> {
        let finished = run_tool(self.tool("ldapmodify", who), changes);
        succeeded(&finished).map(drop)
    }

    /// Searches as the administrator.
    pub(crate) fn search(&self, search: &Search<'_>) -> Vec<Entry> {
        self.search_as(self.admin(), search)
            .unwrap_or_else(|error| panic!("{error}\nin the search {}", search.filter))
    }

    /// Searches as somebody; an error is the server's.
    pub(crate) fn search_as(
        &self,
        who: Login<'_>,
        search: &Search<'_>,
    ) -> Result<Vec<Entry>, String> {
        let mut tool = self.tool("ldapsearch", who);
        tool.args(["-LLL", "-o", "ldif-wrap=no", "-b", search.base])
            .args(["-s", search.scope]);
        if search.deleted {
            tool.args(["-E", &format!("!{SHOW_DELETED}")]);
        }
        // A page at a time: a filter for everyone may find more than a page.
        tool.args(["-E", "pr=500/noprompt", search.filter])
            .args(search.attributes);
        let finished = run_tool(tool, "");
        succeeded(&finished).map(|output| entries(&output))
    }

    /// The entry of this name, as the administrator sees it.
    pub(crate) fn entry(&self, dn: &str) -> Option<Entry> {
        // A base that is not there is an error to the tool and an answer to us.
        self.search_as(self.admin(), &Search::entry(dn)).ok()?.pop()
    }

    /// The account of this sAMAccountName, as the administrator sees it.
    pub(crate) fn account(&self, sam: &str) -> Entry {
        let filter = format!("(sAMAccountName={})", escape_filter_value(sam));
        let mut found = self.search(&Search::new(&filter).below(self.domain.base_dn));
        assert_eq!(found.len(), 1, "accounts named {sam:?} in the directory");
        found.remove(0)
    }

    /// The server's `highestCommittedUSN`.
    pub(crate) fn highest_usn(&self) -> u64 {
        let root = Search::entry("").attributes(&["highestCommittedUSN"]);
        let usn = self.search(&root)[0].text("highestCommittedUSN");
        usn.and_then(|text| text.parse().ok()).expect("a number")
    }

    pub(super) fn tool(&self, name: &str, who: Login<'_>) -> Command {
        let mut tool = Command::new(program(name));
        tool.args(["-x", "-H", &self.url()])
            .args(["-D", who.name, "-w", who.password])
            // The stage is set also where a test chose a bad certificate, and
            // the settings of the machine it runs on play no part.
            .env("LDAPTLS_REQCERT", "never")
            .env("LDAPCONF", "/dev/null")
            .env("HOME", self.directory.path())
            .env_remove("LDAPRC");
        tool
    }
}

fn run_tool(mut tool: Command, input: &str) -> Finished {
    process::run(&mut tool, input.as_bytes(), TOOL_LIMIT)
}

fn succeeded(finished: &Finished) -> Result<String, String> {
    if finished.status.success() {
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    } else if finished.timed_out {
        Err("the server did not answer in time".to_owned())
    } else {
        Err(String::from_utf8_lossy(&finished.stderr).trim().to_owned())
    }
}

/// Reads the unwrapped LDIF that `ldapsearch` prints.
fn entries(ldif: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in ldif.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = match value.strip_prefix(": ") {
            Some(encoded) => base64_decode(encoded),
            None => value.strip_prefix(' ').unwrap_or(value).into(),
        };
        if name == "dn" {
            entries.push(Entry {
                dn: String::from_utf8_lossy(&value).into_owned(),
                values: Vec::new(),
            });
        } else if let Some(entry) = entries.last_mut()
            && !line.starts_with('#')
        {
            entry.values.push((name.to_owned(), value));
        }
    }
    entries
}
