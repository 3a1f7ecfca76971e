//! The command line: its shape and its help, nothing else.

// Documentation comments are the help text here, where backticks would be printed.
#![allow(clippy::doc_markdown)]

mod columns;
mod meant;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ldap::Filter;

use crate::plan::{Action, Allowed};
use crate::user::{Column, Field, Profile, Source, Standing};

pub use meant::meant;

/// Updates the users that an application imported from Active Directory.
#[derive(Debug, Parser)]
#[command(
    name = "adsync",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
#[command(after_help = "\
Examples:
  adsync check                     test settings, connection, rights and store
  adsync import --group Sales      import the members of a group
  adsync sync --dry-run            what a sync would change
  adsync sync -q                   for cron: prints only changes and problems

`adsync help COMMAND` and `adsync COMMAND --help` explain a command.

Exit codes:
  0  done (with duplicates and missing users, unless --strict)
  1  failed; nothing was changed
  2  wrong usage or settings
  3  there is something to do (--dry-run --exit-code)
  4  the guard refused the plan; nothing was changed
  5  the directory failed, or refused the login; nothing was changed
  6  another run holds the store
  7  done, but some users failed (with --strict: or are duplicates or missing)")]
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
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Settings file [default: $ADSYNC_CONFIG, ./adsync.toml, ~/.config/adsync/config.toml, /etc/adsync/config.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Format of the result
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// In CSV, put an apostrophe before anything a spreadsheet would run as a formula
    #[arg(long, global = true)]
    pub csv_safe: bool,
    /// Print nothing unless users were changed or something is wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Explain each step on standard error; -vv also shows every search
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Format of standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Wait up to this many seconds for another run to end
    #[arg(
        value_parser = number,
        long,
        global = true,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub wait: u64,
    /// Refuse to write to the store; checks, lists and dry runs work
    #[arg(long, global = true)]
    pub read_only: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, global = true, action = ArgAction::Version)]
    version: Option<bool>,
}

/// A whole number from 0.
fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "it must be a whole number from 0".to_owned())
}

/// A time (RFC 3339), or a date, which begins at midnight here.
fn time(text: &str) -> Result<Timestamp, String> {
    let date = || {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::system()).ok()?.timestamp())
    };
    let time = text.parse().ok().or_else(date);
    time.ok_or_else(|| "it must be a date or a time: 2026-11-30, 2026-11-30T02:30:00Z".to_owned())
}

/// The number of a run.
fn run_number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|it| *it > 0);
    number.ok_or_else(|| "it must be the number of a run, from `adsync history`".to_owned())
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

/// Which settings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Config {
    /// A file that explains every setting and shows its default
    Example,
    /// The settings in force, without secrets
    Show,
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
    /// Test settings, connection, rights and store
    #[command(after_help = "\
Each failure and each warning names the setting or the command that fixes it. The exit code is 0 if a run would work, even with warnings; 2 if the settings are wrong, 5 if the directory fails, 1 if the store fails.

Examples:
  adsync check        one line per step
  adsync check -v     also the search of a run, as an ldapsearch command
  adsync check -q     only what is wrong")]
    Check,
    /// Find directory users by the beginning of a name or an email address
    #[command(after_help = "\
The search covers username, first name, last name, display name and email address. STATUS is the result that an import would have for the user: new, imported, duplicate or failed.

Examples:
  adsync search ali                    alice, Alina Berg, ali@corp.example.com
  adsync search ali --format csv > users.csv")]
    Search {
        /// The beginning of a name or an email address (case-insensitive)
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        prefix: String,
    },
    /// Import directory users into the store; update those already there
    Import(Import),
    /// List the users of the store
    List(List),
    /// Show one user: fields, origin, status and history
    Show {
        /// The username in the store (case-insensitive)
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        user: String,
    },
    /// Add a local user, or many
    Add(Add),
    /// Change a local user
    Set(Set),
    /// Remove users from the store; the directory is never written
    Remove(Remove),
    /// Synchronise imported users with the directory
    Sync(Sync),
    /// List past runs, or the changes of one
    History(History),
    /// Bring deleted users back, with the values they had
    Restore(Restore),
    /// Revert a run
    Undo(Undo),
    /// Print what the administrator of a database server has to run
    #[command(after_help = "\
adsync makes its tables itself where it may. Where it may not, the SQL makes them, and grants the narrowest rights with which adsync does everything. Nothing is connected to.

Examples:
  adsync setup --print-sql | psql -d app
  adsync setup --print-sql | mariadb app")]
    Setup {
        /// Print the tables and the grants as SQL
        #[arg(long, required = true)]
        print_sql: bool,
    },
    /// Show the example settings, or those in force
    #[command(after_help = "\
Examples:
  adsync config example > /etc/adsync/config.toml
  adsync config show                   each setting and where it comes from")]
    Config {
        /// Which settings
        #[arg(value_enum)]
        which: Config,
    },
    /// Print a completion script
    #[command(after_help = "\
Examples:
  source <(adsync completions bash)    in ~/.bashrc
  adsync completions fish > ~/.config/fish/completions/adsync.fish")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder to write to; it is created if needed
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// `adsync import`
#[derive(Debug, Args)]
#[command(override_usage = "\
adsync import [OPTIONS] <--all|--users|--group|--ou|--filter>
       adsync import [OPTIONS] --interactive")]
#[command(group = ArgGroup::new("selection"))]
#[command(group = ArgGroup::new("whom").required(true).multiple(true)
    .args(["users", "group", "ou", "filter", "all", "interactive"]))]
#[command(after_help = "\
Examples:
  adsync import --all --dry-run        who would be imported
  adsync import --group Sales          the members of a group, and of its groups
  adsync import --users alice,bob@corp.example.com
  adsync import --group Sales --interactive")]
pub struct Import {
    /// By sAMAccountName, userPrincipalName or mail; @FILE: a name a line
    #[arg(long, group = "selection", value_name = "NAME,…")]
    pub users: Vec<String>,
    /// The members of this group, including those of nested groups
    #[arg(long, group = "selection", value_name = "NAME|DN")]
    pub group: Option<String>,
    /// The users in this OU and below
    #[arg(long, group = "selection", value_name = "DN")]
    pub ou: Option<String>,
    /// The users of the scope that match this filter
    #[arg(long, group = "selection", value_name = "LDAP-FILTER")]
    pub filter: Option<Filter>,
    /// All users of the scope
    #[arg(long, group = "selection")]
    pub all: bool,
    /// Pick users from a list: of the selection, or of the whole scope
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
On a narrow terminal a table has fewer columns, unless --columns names them. JSON always has all columns.

Examples:
  adsync list --status duplicate,out_of_scope
  adsync list --filter archer          username, name or email contains it
  adsync list --sort synced_at         the longest not synchronised first
  adsync list --columns username,email --format csv > users.csv")]
pub struct List {
    /// These columns, in this order, in tables and CSV
    #[arg(long, value_enum, value_delimiter = ',', value_name = "COLUMN,…")]
    pub columns: Vec<Column>,
    /// Sort by this column; users without a value come last
    #[arg(long, value_enum, value_name = "COLUMN", default_value_t = Column::Field(Field::Username))]
    pub sort: Column,
    /// Sort in descending order
    #[arg(long)]
    pub reverse: bool,
    /// Only users with one of these statuses
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATUS,…")]
    pub status: Vec<Standing>,
    /// Only local users, or only imported ones
    #[arg(long, value_enum)]
    pub source: Option<Source>,
    /// Only users whose username, name or email contains this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

/// `adsync add`
#[derive(Debug, Args)]
#[command(after_help = "\
The header of a CSV file names the columns, in any order: username, and any of email, first_name, last_name, contact_number.

Examples:
  adsync add helpdesk --email helpdesk@corp.example.com
  adsync add --from-csv users.csv --dry-run")]
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
    /// Many users, from a CSV file with a header; - for standard input
    #[arg(long, value_name = "FILE")]
    pub from_csv: Option<PathBuf>,
    /// Make all checks, but change nothing
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

/// `adsync set`
#[derive(Debug, Args)]
#[command(override_usage = "\
adsync set [OPTIONS] <USER>
                  <--username|--email|--first-name|--last-name|--contact-number>")]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["username", "email", "first_name", "last_name", "contact_number"]))]
#[command(after_help = "\
An empty value removes the old one. Only local users can be changed; change an imported user in the directory.

Examples:
  adsync set helpdesk --email it@corp.example.com
  adsync set helpdesk --contact-number ''")]
pub struct Set {
    /// The username in the store (case-insensitive)
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub user: String,
    /// New username
    #[arg(long)]
    username: Option<String>,
    /// New email address
    #[arg(long)]
    email: Option<String>,
    /// New first name
    #[arg(long)]
    first_name: Option<String>,
    /// New last name
    #[arg(long)]
    last_name: Option<String>,
    /// New contact number
    #[arg(long)]
    contact_number: Option<String>,
    /// Make all checks, but change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Set {
    /// The new value of a field, if it has one.
    pub fn value(&self, field: Field) -> Option<&str> {
        let value = match field {
            Field::Username => &self.username,
            Field::FirstName => &self.first_name,
            Field::LastName => &self.last_name,
            Field::Email => &self.email,
            Field::ContactNumber => &self.contact_number,
            Field::Enabled => return None,
        };
        value.as_deref()
    }
}

/// `adsync remove`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  adsync remove bob --dry-run
  adsync remove bob                    `adsync restore bob` brings it back")]
#[command(group = ArgGroup::new("whom").required(true).args(["usernames", "interactive"]))]
pub struct Remove {
    /// Usernames in the store (case-insensitive); @FILE or - for one name a line
    #[arg(value_name = "USERNAME")]
    pub usernames: Vec<String>,
    /// Pick users from a list; asks before it removes them
    #[arg(long)]
    pub interactive: bool,
    /// Make all checks, but change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `adsync sync`
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag.
#[command(after_help = "\
At a terminal, adsync lists the users that it would delete and asks once. Without a terminal, as in cron, it does not ask: only the guard can stop the run.

Examples:
  adsync sync --dry-run                what would change
  adsync sync --users alice,bob        only these two
  adsync sync --allow-deletes 12       the 12 deletions that the guard refused
  adsync sync --report sync.html       the result as a page to send")]
pub struct Sync {
    /// Only these users, by their usernames in the store; @FILE: a name a line
    #[arg(long, value_name = "NAME,…", conflicts_with = "all")]
    pub users: Vec<String>,
    /// All imported users; the default
    #[arg(long)]
    pub all: bool,
    /// Pick users from a list
    #[arg(long, conflicts_with_all = ["users", "all"])]
    pub interactive: bool,
    /// Read all users, not only changes since the last run
    #[arg(long)]
    pub full: bool,
    /// Do not wait for missing_after before missing users are deleted; all other conditions must be met
    #[arg(long)]
    pub delete_missing: bool,
    /// Allow exactly this many deletions
    #[arg(value_parser = number, long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    /// Allow exactly this many newly missing users
    #[arg(value_parser = number, long, value_name = "N")]
    pub allow_missing: Option<u64>,
    /// What else the guard lets through.
    #[command(flatten)]
    pub allow: Allow,
    /// Do not ask before users are deleted
    #[arg(short, long)]
    pub yes: bool,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}

/// What the guard lets through, in numbers that an administrator has seen.
#[derive(Debug, Args)]
pub struct Allow {
    /// Allow exactly this many users to lose a value; one number per field
    #[arg(value_parser = number, long = "allow-cleared", value_name = "N,…", value_delimiter = ',')]
    pub cleared: Vec<u64>,
    /// Allow exactly this many users to be disabled
    #[arg(value_parser = number, long = "allow-disabled", value_name = "N")]
    pub disabled: Option<u64>,
    /// Allow exactly this many users to be modified
    #[arg(value_parser = number, long = "allow-modified", value_name = "N")]
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
    /// Make all checks and show the plan, but change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run, exit with 3 if there is something to do
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Exit with 7 if there are duplicates or missing users
    #[arg(long)]
    pub strict: bool,
    /// Also write the result as an HTML page, readable by its owner only
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
            Self::Set(it) => ("set", it.dry_run),
            Self::Remove(it) => ("remove", it.dry_run),
            Self::Check
            | Self::Search { .. }
            | Self::List(_)
            | Self::Show { .. }
            | Self::History(_)
            | Self::Setup { .. }
            | Self::Config { .. }
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
  adsync history                       the last 20 runs
  adsync history 42                    what run 42 changed, before and after
  adsync history --user alice          all changes of one user
  adsync history --action deleted --since 2026-11-01
  adsync history --changes --format csv > audit.csv")]
pub struct History {
    /// Show every change of this run
    #[arg(value_parser = run_number)]
    pub run: Option<i64>,
    /// Show every change of this user, under any username that it had
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub user: Option<String>,
    /// List at most this many runs [default: 20; with --since or --until all]
    #[arg(value_parser = number, long, value_name = "N", conflicts_with_all = ["run", "user"])]
    pub limit: Option<u64>,
    /// Only runs from this date or time on
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["run", "user"])]
    pub since: Option<Timestamp>,
    /// Only runs before this date or time
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["run", "user"])]
    pub until: Option<Timestamp>,
    /// Show the changes of these runs instead of the runs
    #[arg(long, conflicts_with_all = ["run", "user", "limit"])]
    pub changes: bool,
    /// Show only the changes of this kind, instead of the runs
    #[arg(long, value_parser = PossibleValuesParser::new(Action::ALL.map(Action::name)))]
    #[arg(conflicts_with_all = ["run", "user", "limit"])]
    pub action: Option<String>,
}

/// `adsync restore`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true).args(["run", "names", "interactive"]))]
#[command(after_help = "\
A restored user has the status restored. A sync does not delete it again until a run has found it in the directory.

Examples:
  adsync restore --run 42 --dry-run    the users that run 42 deleted
  adsync restore alice bob             as they were when last deleted")]
pub struct Restore {
    /// All users that this run deleted
    #[arg(value_parser = run_number, long, value_name = "N")]
    pub run: Option<i64>,
    /// Usernames of deleted users (case-insensitive); @FILE or - for one name a line
    #[arg(value_name = "NAME", conflicts_with = "run")]
    pub names: Vec<String>,
    /// Pick users from a list: of the run, or of all deleted users
    #[arg(long, conflicts_with = "names")]
    pub interactive: bool,
    /// Make all checks, but change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `adsync undo`
#[derive(Debug, Args)]
#[command(after_help = "\
Values are set back, deleted users come back, imported users are removed. A value that changed after the run stays as it is, and so does a user whose old username or email another user has now. The undo names each of them and ends with exit code 7.

An undo does not ask the directory. The next sync applies what the directory says again, so first fix the cause: a filter, a mapping, a right.

Examples:
  adsync undo 42 --dry-run             what would be reverted
  adsync undo 42                       users as they were before run 42
  adsync undo 43                       reverts that undo, if it was run 43")]
pub struct Undo {
    /// The number of the run, from `adsync history`
    #[arg(value_parser = run_number, value_name = "RUN")]
    pub run: i64,
    /// Allow exactly this many deletions
    #[arg(value_parser = number, long, value_name = "N")]
    pub allow_deletes: Option<u64>,
    /// What else the guard lets through.
    #[command(flatten)]
    pub allow: Allow,
    /// Do not ask before users are deleted
    #[arg(short, long)]
    pub yes: bool,
    /// How it ends.
    #[command(flatten)]
    pub ending: Ending,
}
