//! Names that a person typed, and the users of the store with these names.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::path::Path;

use crate::error::{Failure, Kind};
use crate::store::{Keys, Known, StoreError, View};
use crate::user::{Folded, StoredUser};
use crate::util::nearest::Nearest;
use crate::util::texts;

/// How many users a line names.
const NAMED: usize = 10;

/// `alice, bob … and 8 more`
pub fn shortened<N: Borrow<str>>(names: &[N]) -> String {
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" … and {more} more"),
    };
    names[..names.len().min(NAMED)].join(", ") + &more
}

/// Puts the names of a file in the place of `@FILE`, and those of standard input in the place of `-`: a name a
/// line. A list without a name is an error, and never means everybody.
pub fn take_lists(arguments: &mut Vec<String>) -> Result<(), Failure> {
    let mut names = Vec::new();
    for argument in std::mem::take(arguments) {
        let file = match argument.as_str() {
            "-" => Some("-"),
            other => other.strip_prefix('@'),
        };
        match file {
            Some(file) => names.extend(listed(file)?),
            None => names.push(argument),
        }
    }
    *arguments = names;
    Ok(())
}

/// The names in a file.
fn listed(file: &str) -> Result<Vec<String>, Failure> {
    let name = match file {
        "-" => "standard input",
        file => file,
    };
    let cannot = |what: String| {
        Failure::new(
            Kind::Usage,
            format!("cannot read names from {name}: {what}"),
        )
        .hint("@FILE has a name a line; a username that begins with @ can stand in such a file")
    };
    let text = texts::read(Path::new(file)).map_err(cannot)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let names: Vec<String> = lines.map(str::to_owned).collect();
    if names.is_empty() {
        return Err(cannot("it has none".to_owned()));
    }
    Ok(names)
}

/// Splits comma-separated lists. An argument that is a known name as a whole stays whole, since names may
/// contain commas. An empty list is an error, and never means everybody.
pub fn split(
    arguments: &[String],
    mut is_known: impl FnMut(&str) -> Result<bool, StoreError>,
) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for argument in arguments {
        let parts = if is_known(argument)? {
            vec![argument.as_str()]
        } else {
            argument.split(',').collect()
        };
        for name in parts.into_iter().filter(|name| !name.trim().is_empty()) {
            if seen.insert(Folded::new(name)) {
                names.push(name.to_owned());
            }
        }
    }
    if names.is_empty() {
        return Err(Failure::new(Kind::Usage, "no name given")
            .hint("name the users, comma-separated; an empty list does not mean all of them")
            .into());
    }
    Ok(names)
}

/// Refuses lists without a name, before anything is opened.
pub fn require(arguments: &[String]) -> anyhow::Result<()> {
    split(arguments, |_| Ok(false)).map(drop)
}

/// The users of the store with these names, where each argument may be a list; the error lists all names that are not
/// known.
pub fn resolve(store: &dyn View, arguments: &[String]) -> anyhow::Result<Vec<StoredUser>> {
    let find = |name: &str| store.by_username(&Folded::new(name));
    let names = split(arguments, |name| Ok(find(name)?.is_some()))?;
    resolve_names(store, &names)
}

/// The users of the store with these names, one per argument: a comma is part of the name.
pub fn resolve_each(store: &dyn View, arguments: &[String]) -> anyhow::Result<Vec<StoredUser>> {
    resolve_names(store, &split(arguments, |_| Ok(true))?)
}

fn resolve_names(store: &dyn View, names: &[String]) -> anyhow::Result<Vec<StoredUser>> {
    let written = names.iter().map(|it| Folded::new(it));
    let trimmed = names.iter().map(|it| Folded::new(it.trim()));
    let folded: Vec<Folded> = written.chain(trimmed).collect();
    let found = store.users(Keys::Usernames(&folded))?;
    let name = |user: StoredUser| (user.values.profile.folded_username(), user);
    let found: HashMap<Folded, StoredUser> = found.into_iter().map(name).collect();
    let mut users = Vec::new();
    let mut unknown = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let is_written = found.get(&folded[at]);
        match is_written.or_else(|| found.get(&folded[names.len() + at])) {
            Some(user) => users.push(user.clone()),
            None => unknown.push(name.trim().to_owned()),
        }
    }
    if unknown.is_empty() {
        return Ok(users);
    }
    Err(unknown_in_store(&unknown, store)?.into())
}

/// The error that lists all names that nobody in the store has.
pub fn unknown_in_store(unknown: &[String], store: &dyn View) -> Result<Failure, StoreError> {
    let mut offers = Offers::for_names(unknown);
    let mut is_empty = true;
    store.each_username(Known::Stored, &mut |known| {
        is_empty = false;
        offers.see(&known);
    })?;
    let failure = offers.failure("in the store");
    Ok(if is_empty {
        failure.hint("the store has no users yet; `adsync import --help` says how to bring them in")
    } else {
        failure
    })
}

/// The error that lists all unknown names, each with what was probably meant.
pub fn unknown_names(unknown: &[String], known: &[String], place: &str) -> Failure {
    let mut offers = Offers::for_names(unknown);
    for known in known {
        offers.see(known);
    }
    offers.failure(place)
}

/// What was meant by names that nobody has.
struct Offers(Vec<Offer>);

impl Offers {
    fn for_names(names: &[String]) -> Self {
        Self(names.iter().map(|it| Offer::for_name(it)).collect())
    }

    /// Compares a known name.
    fn see(&mut self, known: &str) {
        let composed = ldap::text::prepared(known);
        let folded = Folded::new(known);
        for offer in &mut self.0 {
            offer.see(known, &composed, &folded);
        }
    }

    fn failure(self, place: &str) -> Failure {
        let quoted = self.0.iter().map(|it| format!("{:?}", it.name));
        let message = match quoted.collect::<Vec<_>>().as_slice() {
            [name] => format!("no user {name} {place}"),
            names => format!("no users {} {place}", names.join(", ")),
        };
        let is_one = self.0.len() == 1;
        let offer = |it: Offer| {
            let name = it.name.clone();
            let said = it.said()?;
            Some(if is_one {
                said
            } else {
                format!("{name}: {said}")
            })
        };
        let offers: Vec<String> = self.0.into_iter().filter_map(offer).collect();
        let failure = Failure::new(Kind::UnknownName, message);
        if offers.is_empty() {
            failure
        } else {
            failure.hint(offers.join("; "))
        }
    }
}

/// What was meant by a name that nobody has.
struct Offer {
    name: String,
    composed: String,
    /// Without its domain: `CORP\\alice`, `alice@corp.example.com`.
    bare: Option<Folded>,
    /// Who has the name in another Unicode composition.
    alike: Option<String>,
    /// Who has it without its domain.
    domainless: Option<String>,
    nearest: Nearest<String>,
}

impl Offer {
    fn for_name(name: &str) -> Self {
        let bare = name.rsplit_once('\\').map_or(name, |(_, name)| name);
        let bare = bare.split_once('@').map_or(bare, |(name, _)| name);
        Self {
            name: name.to_owned(),
            composed: ldap::text::prepared(name),
            bare: (bare != name).then(|| Folded::new(bare)),
            alike: None,
            domainless: None,
            nearest: Nearest::to(name),
        }
    }

    fn see(&mut self, known: &str, composed: &str, folded: &Folded) {
        if self.composed == composed {
            self.alike = Some(known.to_owned());
        }
        if self.bare.as_ref() == Some(folded) {
            self.domainless = Some(known.to_owned());
        }
        self.nearest.see(known.to_owned());
    }

    fn said(self) -> Option<String> {
        if let Some(known) = self.alike {
            return Some(format!(
                "{known} is written with other Unicode characters that look the same; copy the name from `adsync list`"
            ));
        }
        if let Some(known) = self.domainless {
            return Some(format!("did you mean {known}? leave the domain out"));
        }
        let offer = self.nearest.found()?;
        Some(format!("did you mean {offer}?"))
    }
}
