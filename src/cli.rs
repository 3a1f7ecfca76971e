//! The command line: its shape and its help, nothing else.

// Documentation comments are the help text here, where backticks would be printed.
#![allow(clippy::doc_markdown)]

mod columns;

use std::path::PathBuf;

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use ldap::Filter;

use crate::plan::Allowed;
use crate::user::{Column, Field, Profile, Source, Standing};

/// Keeps the users an application imported from Active Directory in step with it.
#[derive(Debug, Parser)]
#[command(
    name = "adsync",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Exit codes:
  0  done (duplicates and missing users included, unless --strict)
  1  failed; nothing was changed
  2  usage or settings error
  3  --dry-run --exit-code: there is something to do
  4  the guard refused; nothing was changed
  5  the directory could not be reached, refused the login, or answered incompletely; nothing was changed
  6  another run holds the store
  7  done, but some users failed (or, with --strict, are duplicates or missing); the others were updated")]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What all commands share.
#[derive(Debug, Args)]
pub struct Global {
    /// Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, $XDG_CONFIG_HOME/adsync/config.toml, /etc/adsync/config.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// With --format csv: an apostrophe before what a spreadsheet would take for a formula
    #[arg(long, global = true)]
    pub csv_safe: bool,
    /// Say nothing unless users were changed or something is wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on standard error; -vv shows every search
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// How standard error is written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Wait this many seconds for another run to end, instead of giving up at once
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub wait: u64,
    /// Refuse whatever would write to the store; checks, lists and dry runs work
    #[arg(long, global = true)]
    pub read_only: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Table,
    /// JSON, version 1
    Json,
    /// Comma-separated values (RFC 4180) with a header
    Csv,
}

/// How standard error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line, with timestamp, level, target and message
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Test settings, connection, rights and store, one line per step
    #[command(after_help = "\
Each failure and each warning comes with what mends it: a setting, or a command to type. Exit code 0
when a run could do its work, warnings included; 2 for the settings, 5 for the directory, 1 for the store.

Examples:
  adsync check                          what works, and what does not
  adsync check -v                       the same search for ldapsearch as well
  adsync check -q                       nothing, unless something is wrong")]
    Check,
    /// Directory users whose username, first, last or display name, or email starts with PREFIX
    Search {
        /// What it starts with, any case
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        prefix: String,
    },
    /// Bring directory users into the store; those that are in it already are updated
    Import(Import),
    /// Users of the store
    List(List),
    /// One user: every field, where it comes from, its status and why, and its history
    Show {
        /// The username in the store, any case
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        user: String,
    },
    /// Add a local user, or many
    Add(Add),
    /// Take users out of the store (the directory is never written)
    Remove(Remove),
    /// Synchronise imported users; without a selection, all of them
    Sync(Sync),
    /// Past runs; with a number, every change of that run
    History(History),
    /// Bring deleted users back, with the values they had
    Restore(Restore),
    /// Take back what a run did: values as they were, deleted users back, new ones out
    Undo(Undo),
    /// Completion script on standard output
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command
    Man {
        /// The folder to write to; it is made where needed
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// `adsync import`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("selection"))]
#[command(group = ArgGroup::new("whom").required(true).multiple(true)
    .args(["users", "group", "ou", "filter", "all", "interactive"]))]
#[command(after_help = "\
Examples:
  adsync import --all --dry-run         what would be imported
  adsync import --group Sales           the members of a group, nested ones included
  adsync import --users alice,bob@corp.example.com
  adsync import --group Sales --interactive
                                        some of them, picked from a list")]
pub struct Import {
    /// These users, by sAMAccountName, userPrincipalName or mail; comma-separated, repeatable
    #[arg(long, group = "selection", value_name = "NAME,…")]
    pub users: Vec<String>,
    /// The members of this group, nested ones included
    #[arg(long, group = "selection", value_name = "NAME|DN")]
    pub group: Option<String>,
    /// The users at or below this DN
    #[arg(long, group = "selection", value_name = "DN")]
    pub ou: Option<String>,
    /// The users that match this filter as well
    #[arg(long, group = "selection", value_name = "LDAP-FILTER")]
    pub filter: Option<Filter>,
    /// All users of the scope
    #[arg(long, group = "selection")]
    pub all: bool,
    /// Pick the users from a list, at a terminal: of the selection, else of all users of the scope
    #[arg(long, conflicts_with = "users")]
    pub interactive: bool,
    /// What the guard lets through.
    #[command(flatten)]
    pub allow: Allow,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// `adsync list`
#[derive(Debug, Args)]
#[command(after_help = "\
At a terminal that is too narrow for all columns some are left out; --columns shows those that it names.
JSON always has all keys.

Examples:
  adsync list --status duplicate,out-of-scope
  adsync list --filter archer           whose username, name or email has it, any case
  adsync list --sort synced_at          those first that were not seen for long
  adsync list --columns username,email --format csv > users.csv")]
pub struct List {
    /// These columns, in this order; comma-separated, for tables and CSV
    #[arg(long, value_enum, value_delimiter = ',', value_name = "COLUMN,…")]
    pub columns: Vec<Column>,
    /// Ordered by this column, any case; users without a value come last
    #[arg(long, value_enum, value_name = "COLUMN", default_value_t = Column::Field(Field::Username))]
    pub sort: Column,
    /// The other way round
    #[arg(long)]
    pub reverse: bool,
    /// Only users with this status, or one of these; comma-separated
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATUS,…")]
    pub status: Vec<Standing>,
    /// Only users from there
    #[arg(long, value_enum)]
    pub source: Option<Source>,
    /// Only users whose username, first or last name, or email has this text, any case
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

/// `adsync add`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("who").required(true).args(["username", "from_csv"]))]
pub struct Add {
    /// The username
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub username: Option<String>,
    /// Email address
    #[arg(long, conflicts_with = "from_csv")]
    pub email: Option<String>,
    /// First name
    #[arg(long, conflicts_with = "from_csv")]
    pub first_name: Option<String>,
    /// Last name
    #[arg(long, conflicts_with = "from_csv")]
    pub last_name: Option<String>,
    /// Contact number
    #[arg(long, conflicts_with = "from_csv")]
    pub contact_number: Option<String>,
    /// Many users from a CSV file (- for standard input) with a header of
    /// username, email, first_name, last_name, contact_number
    #[arg(long, value_name = "FILE")]
    pub from_csv: Option<PathBuf>,
    /// The same checks, but nothing is written
    #[arg(long)]
    pub dry_run: bool,
}

impl Add {
    /// The user that the flags describe.
    pub fn profile(&self) -> Profile {
        let some = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        Profile {
            username: self.username.clone().unwrap_or_default(),
            first_name: some(&self.first_name),
            last_name: some(&self.last_name),
            email: some(&self.email),
            contact_number: some(&self.contact_number),
        }
    }
}

/// `adsync remove`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["usernames", "interactive"]))]
pub struct Remove {
    /// Store usernames, any case
    #[arg(value_name = "USERNAME")]
    pub usernames: Vec<String>,
    /// Pick the users from a list, at a terminal; asks before it removes them
    #[arg(long)]
    pub interactive: bool,
    /// The same checks, but nothing is written
    #[arg(long)]
    pub dry_run: bool,
}

/// `adsync sync`
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag.
#[command(after_help = "\
Examples:
  adsync sync --dry-run                 what would change, with all the checks
  adsync sync --users alice,bob         only these
  adsync sync --allow-deletes 12        let the 12 deletions through that the guard refused
  adsync sync --report sync.html        with a page for those who do not use a terminal

At a terminal a run that would delete users shows them and asks once; without a terminal, as in cron,
the guard alone decides.")]
pub struct Sync {
    /// Only these users, by their store usernames, any case; comma-separated, repeatable
    #[arg(long, value_name = "NAME,…", conflicts_with = "all")]
    pub users: Vec<String>,
    /// All imported users (the default)
    #[arg(long)]
    pub all: bool,
    /// Pick the users from a list, at a terminal
    #[arg(long, conflicts_with_all = ["users", "all"])]
    pub interactive: bool,
    /// Ignore the saved change mark
    #[arg(long)]
    pub full: bool,
    /// Do not wait for missing_after: delete whoever is missing where everything else proves it
    #[arg(long)]
    pub delete_missing: bool,
    /// Let exactly this many deletions through that the guard would refuse
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    /// Let exactly this many users be newly missing that the guard would refuse
    #[arg(long, value_name = "N")]
    pub allow_missing: Option<u64>,
    /// What else the guard lets through.
    #[command(flatten)]
    pub allow: Allow,
    /// Do not ask before users are deleted; nobody is asked but at a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// What the guard lets through, in numbers that an administrator has seen.
#[derive(Debug, Args)]
pub struct Allow {
    /// Let exactly this many users lose the value of a field; of two fields, two numbers: 50,30
    #[arg(long = "allow-cleared", value_name = "N,…", value_delimiter = ',')]
    pub cleared: Vec<u64>,
    /// Let exactly this many users be disabled
    #[arg(long = "allow-disabled", value_name = "N")]
    pub disabled: Option<u64>,
    /// Let exactly this many users be modified
    #[arg(long = "allow-modified", value_name = "N")]
    pub modified: Option<u64>,
}

impl Allow {
    /// The same, as the guard takes it.
    pub fn allowed(&self) -> Allowed {
        Allowed {
            cleared: self.cleared.clone(),
            disabled: self.disabled,
            modified: self.modified,
            ..Allowed::default()
        }
    }
}

/// How a run ends.
#[derive(Debug, Args)]
pub struct Ending {
    /// The whole run and the same checks, but nothing is written
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit 3 when there is something to do
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Exit 7 when there are duplicates or missing users
    #[arg(long)]
    pub strict: bool,
    /// Write the result as a page for a browser or an email, too: one file, readable by its owner only
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
}

impl Command {
    /// Its name, if it writes to the store.
    pub fn writes(&self) -> Option<&'static str> {
        let (name, is_dry_run) = match self {
            Self::Import(it) => ("import", it.ending.dry_run),
            Self::Sync(it) => ("sync", it.ending.dry_run),
            Self::Undo(it) => ("undo", it.ending.dry_run),
            Self::Restore(it) => ("restore", it.dry_run),
            Self::Add(it) => ("add", it.dry_run),
            Self::Remove(it) => ("remove", it.dry_run),
            Self::Check
            | Self::Search { .. }
            | Self::List(_)
            | Self::Show { .. }
            | Self::History(_)
            | Self::Completions { .. }
            | Self::Man { .. } => return None,
        };
        (!is_dry_run).then_some(name)
    }
}

/// `adsync history`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  adsync history                        the last 20 runs
  adsync history 42                     what run 42 changed, before and after
  adsync history --user alice           one user's life, by any name it ever had")]
pub struct History {
    /// The number of a run: every change of it
    pub run: Option<i64>,
    /// One user's changes, by any username it ever had
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub user: Option<String>,
    /// How many runs
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with_all = ["run", "user"])]
    pub limit: u64,
}

/// `adsync restore`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true).args(["run", "names", "interactive"]))]
#[command(after_help = "\
A user that the directory still says is deleted is kept and shown as `restored`, until it is seen in
the directory again or taken out with `adsync remove`.

Examples:
  adsync restore --run 42 --dry-run     whom run 42 deleted
  adsync restore alice bob              these, as they were when they were last deleted")]
pub struct Restore {
    /// All that this run deleted
    #[arg(long, value_name = "N")]
    pub run: Option<i64>,
    /// These users, as their newest records have them
    #[arg(value_name = "NAME", conflicts_with = "run")]
    pub names: Vec<String>,
    /// Pick the users from a list, at a terminal: of the run, else of all that were deleted
    #[arg(long, conflicts_with = "names")]
    pub interactive: bool,
    /// The same checks, but nothing is written
    #[arg(long)]
    pub dry_run: bool,
}

/// `adsync undo`
#[derive(Debug, Args)]
#[command(after_help = "\
Any run that was carried out can be undone: sync, import, add, remove, restore, and undo itself. A value
that was changed again since then is left as it is, and so is whoever is not there any more or whose name
somebody else has; each is named, and the exit code is 7.

An undo does not ask the directory. The next sync reads everything, and brings the users in step again:
mend first what made the run go wrong.

Examples:
  adsync undo 42 --dry-run              what would be taken back, with all the checks
  adsync undo 42                        the users that run 42 changed are again as they were before it
  adsync undo 43                        if that was run 43: they are again as run 42 left them")]
pub struct Undo {
    /// The number of the run; adsync history lists them
    #[arg(value_name = "RUN")]
    pub run: i64,
    /// Let exactly this many deletions through that the guard would refuse
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    /// What else the guard lets through.
    #[command(flatten)]
    pub allow: Allow,
    /// Do not ask before users are deleted; nobody is asked but at a terminal
    #[arg(short, long)]
    pub yes: bool,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}
