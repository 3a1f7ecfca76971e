//! `adsync import`: adds directory users to the store.
//!
//! Selected users that are already in the store are refreshed. Nobody is ever
//! deleted.

mod candidates;

use std::collections::{HashMap, HashSet};

use ldap::code::NO_SUCH_OBJECT;

use crate::cli;
use crate::commands::{Context, RunOptions, names, page, picking};
use crate::directory::{Directory, DirectoryError, Read, Selection};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::run::{import, strategy};
use crate::store::{Command, Mode};
use crate::user::{Folded, ObjectGuid};
use crate::util::nearest::nearest;

/// Runs the command.
pub fn run(arguments: &cli::Import, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    if !arguments.users.is_empty() {
        names::require(&arguments.users)?;
    }
    let page = page(&arguments.ending, &context.settings)?;
    let picked = if arguments.interactive {
        let instead = "say whom with --users, --group, --ou, --filter or --all";
        picking::require_terminal(context.output, instead)?;
        let Some(picked) = candidates::pick(arguments, context)? else {
            return Ok(ExitCode::Done);
        };
        Some(picked)
    } else {
        None
    };
    let whom = Whom { arguments, picked };
    let mode = if whom.is_all() {
        Mode::Full
    } else {
        Mode::Selected
    };
    let run = context.begin(Command::Import, mode);
    context.with_target(run, arguments.ending.dry_run, |target, run| {
        let engine = context.engine();
        let mark = strategy::likely_mark(target.view(), &engine)?;
        // An empty selection is found out only while the directory is read; then there was no run.
        if whom.is_all() {
            target.expect_changes(false)?;
        }
        let (reading, bulk_load) = context.with_directory(mark.as_ref(), |directory| {
            let mut select =
                |directory: &mut Directory, take: import::Take<'_>| whom.read(directory, take);
            import::read(whom.kind(), target, directory, run, &engine, &mut select)
        })?;
        let findings = reading.note_in(run);
        target.take_in(bulk_load);
        let limits = context.settings.sync.limits;
        let allowed = arguments.allow.allowed();
        let mut options = RunOptions::new(limits, allowed, &arguments.ending, page);
        options.names_users = !arguments.users.is_empty();
        options.guard.is_meant = arguments.users.len() == 1 && findings.looked_at() == 1;
        context.finish(findings, target, run, &options)
    })
}

/// Whom the command line selects, or a person picked of them.
struct Whom<'a> {
    arguments: &'a cli::Import,
    picked: Option<Vec<ObjectGuid>>,
}

impl Whom<'_> {
    /// Whether the whole scope is read.
    fn is_all(&self) -> bool {
        self.arguments.all && self.picked.is_none()
    }

    fn kind(&self) -> import::Whom {
        match &self.picked {
            Some(picked) => import::Whom::Picked(picked.len()),
            None if self.is_all() => import::Whom::All,
            None => import::Whom::Selected,
        }
    }

    /// Reads them; returns how many entries the scope has, if all of it was read.
    fn read(
        &self,
        directory: &mut Directory,
        take: &mut dyn FnMut(Vec<Read>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<u64>> {
        match &self.picked {
            Some(guids) => directory.read_guids(guids, take).map(|()| None),
            None => read_selection(self.arguments, directory, take),
        }
    }
}

/// Reads the users that the command line selects or, for picking, those to pick from. Returns how
/// many entries the scope has, if all of it was read.
fn read_selection(
    arguments: &cli::Import,
    directory: &mut Directory,
    mut take: impl FnMut(Vec<Read>) -> anyhow::Result<()>,
) -> anyhow::Result<Option<u64>> {
    if let Some(group) = &arguments.group {
        read_group(directory, group, take)?;
    } else if let Some(ou) = &arguments.ou {
        read_ou(directory, ou, take)?;
    } else if let Some(filter) = &arguments.filter {
        directory.read(&Selection::Filter(filter.clone()), take)?;
    } else if arguments.users.is_empty() {
        return Ok(Some(directory.read(&Selection::All, take)?.entries));
    } else {
        take(named(directory, &arguments.users)?)?;
    }
    Ok(None)
}

fn read_group(
    directory: &mut Directory,
    name: &str,
    take: impl FnMut(Vec<Read>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let groups = directory.groups(name)?;
    match groups.as_slice() {
        [group] => directory.read_group(group, take),
        [] => {
            let failure = Failure::new(
                Kind::UnknownName,
                format!("no group {name:?} in {}", directory.domain()),
            );
            let known = directory.group_names()?;
            Err(match nearest(name, known) {
                Some(offer) => failure.hint(format!("did you mean {offer}?")),
                None => failure.hint("name it by sAMAccountName, cn, or its whole DN"),
            }
            .into())
        }
        several => {
            let dns: Vec<&str> = several.iter().map(|group| group.dn.as_str()).collect();
            Err(Failure::new(
                Kind::UnknownName,
                format!("several groups are named {name:?}: {}", dns.join("; ")),
            )
            .hint("name one of them by its whole DN")
            .into())
        }
    }
}

fn read_ou(
    directory: &mut Directory,
    dn: &str,
    take: impl FnMut(Vec<Read>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !directory.is_in_base(dn) {
        let message = format!("{dn} is not in the base {}", directory.base());
        return Err(Failure::new(Kind::Usage, message)
            .hint("users from outside would be out of scope at the next sync; widen base_dn first")
            .into());
    }
    match directory.read(&Selection::Below(dn.to_owned()), take) {
        Ok(_) => Ok(()),
        Err(error) if is_no_such_object(&error) => Err(Failure::new(
            Kind::UnknownName,
            format!("no {dn} in the directory"),
        )
        .hint("write the whole DN, such as OU=Sales,OU=Staff,DC=corp,DC=example,DC=com")
        .into()),
        Err(error) => Err(error),
    }
}

fn is_no_such_object(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DirectoryError>()
        .is_some_and(|error| error.result_code() == Some(NO_SUCH_OBJECT))
}

/// The users with these names; a name of nobody, or of more than one, is an error.
fn named(directory: &mut Directory, arguments: &[String]) -> anyhow::Result<Vec<Read>> {
    // A name may have a comma, so an argument is also looked up as a whole.
    let mut asked = names::split(arguments, |_| Ok(false))?;
    asked.extend(arguments.iter().filter(|it| it.contains(',')).cloned());
    let asked: Vec<String> = asked.iter().map(|it| it.trim().to_owned()).collect();
    let mut found: HashMap<Folded, Vec<usize>> = HashMap::new();
    let users = directory.read_names(&asked)?;
    for (at, (called, _)) in users.iter().enumerate() {
        for name in called {
            found.entry(name.clone()).or_default().push(at);
        }
    }
    let is_found = |name: &str| Ok(found.contains_key(&Folded::new(name.trim())));
    let names = names::split(arguments, is_found)?;
    let mut unknown = Vec::new();
    let mut wanted = HashSet::new();
    for name in names.iter().map(|it| it.trim()) {
        let folded = Folded::new(name);
        match found
            .get(&folded)
            .map(|them| unambiguous(them, &users, &folded))
        {
            None => unknown.push(name.to_owned()),
            Some(Some(at)) => _ = wanted.insert(at),
            Some(None) => return Err(ambiguous(name, &found[&folded], &users).into()),
        }
    }
    if !unknown.is_empty() {
        let place = format!("in {}", directory.base());
        let failure = names::unknown_names(&unknown, &directory.usernames()?, &place);
        let places = directory.places(&unknown)?;
        let places: Vec<String> = places
            .iter()
            .map(|(name, dn)| {
                let why = if directory.is_in_base(dn) {
                    "does not match filter, or matches exclude, under [directory]"
                } else {
                    "is not below base_dn under [directory]"
                };
                format!("{name} is {dn}, which {why}")
            })
            .collect();
        return Err(if places.is_empty() {
            failure.into()
        } else {
            failure.hint(places.join("; ")).into()
        });
    }
    let mut taken = HashSet::<ObjectGuid>::new();
    Ok(users
        .into_iter()
        .enumerate()
        .filter(|(at, _)| wanted.contains(at))
        .map(|(_, (_, user))| user)
        .filter(|user| user.as_ref().map_or(true, |user| taken.insert(user.guid)))
        .collect())
}

/// The user with a name: the only one, or the only one whose username it is.
fn unambiguous(them: &[usize], users: &[(HashSet<Folded>, Read)], name: &Folded) -> Option<usize> {
    if let [only] = them {
        return Some(*only);
    }
    let by_username: Vec<usize> = them
        .iter()
        .copied()
        .filter(|&at| matches!(&users[at].1, Ok(user) if user.profile().folded_username() == *name))
        .collect();
    match by_username.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn ambiguous(name: &str, them: &[usize], users: &[(HashSet<Folded>, Read)]) -> Failure {
    let usernames: Vec<&str> = them
        .iter()
        .map(|&at| match &users[at].1 {
            Ok(user) => user.text.username(),
            Err(entry) => entry.dn.as_str(),
        })
        .collect();
    Failure::new(
        Kind::UnknownName,
        format!(
            "{name:?} means more than one user: {}",
            usernames.join(", ")
        ),
    )
    .hint("name the user by username")
}
