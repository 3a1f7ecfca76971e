//! The commands, one file each, and what they share: starting and ending a run. How users are named is in
//! `names`, how they are picked in `picking`.

mod add;
mod check;
mod config;
mod history;
mod import;
mod list;
mod man;
mod names;
mod picking;
mod remove;
mod restore;
mod search;
mod set;
mod setup;
mod show;
mod sync;
mod undo;

use std::mem::ManuallyDrop;
use std::time::Duration;

use crate::cli::{self, Cli, Command, Format};
use crate::completion;
use crate::config::{Settings, default_store_path};
use crate::directory::Directory;
use crate::error::{Failure, Kind, refusal};
use crate::exit_code::ExitCode;
use crate::metrics::measure;
use crate::output::file::{Content, OutputFile};
use crate::output::report::Report;
use crate::output::{Output, outcome};
use crate::plan::change_mark::Mark;
use crate::plan::{Allowed, Findings, Guard, GuardLimits, Population, Recent};
use crate::run::execute::{self, Ended, Target};
use crate::run::{Engine, Policy, retry};
use crate::store::database::Server;
use crate::store::{self, Location, Mode, Outcome, Run, Store};

/// What every command is given.
struct Context<'a> {
    settings: Settings,
    output: &'a Output,
    /// How long to wait for another run to finish.
    wait: Duration,
}

impl Context<'_> {
    /// Everything a run works with.
    fn engine(&self) -> Engine<'_> {
        let sync = &self.settings.sync;
        Engine {
            options: &self.settings.directory,
            policy: Policy {
                missing_after: sync.missing_after,
                out_of_scope: sync.out_of_scope,
                full_every: sync.full_every,
            },
            observer: self.output,
        }
    }

    /// Reads from a connected directory; see [`retry::with_directory`].
    fn with_directory<T>(
        &self,
        mark: Option<&Mark>,
        read: impl FnMut(&mut Directory) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let credentials = self.settings.login.credentials()?;
        retry::with_directory(&self.engine(), &credentials, mark, read)
    }

    /// The store of the settings.
    fn store(&self) -> Result<Box<dyn Store>, Failure> {
        self.settings.open_store()
    }

    /// A run that starts now.
    fn begin(&self, command: store::Command, mode: Mode) -> Run {
        let history_days = self.settings.sync.history_days;
        Run {
            mode,
            ..Run::begin(command, history_days)
        }
    }

    /// Opens the store, for writing unless this is a dry run, and runs a command's story.
    fn with_target(
        &self,
        run: Run,
        dry_run: bool,
        story: impl FnOnce(&mut Target, &mut Run) -> anyhow::Result<ExitCode>,
    ) -> anyhow::Result<ExitCode> {
        let target = Target::begin(&*self.store()?, run.command, dry_run, self.wait)?;
        execute::with_target(target, run, self.output, story)
    }

    /// Plans, guards, asks, applies and reports.
    fn finish(
        &self,
        findings: Findings,
        target: &mut Target,
        run: &Run,
        options: &RunOptions,
    ) -> anyhow::Result<ExitCode> {
        let (guard, ask) = (&options.guard, options.ask);
        let ended = execute::execute(findings, target, run, guard, ask, &self.engine())?;
        let (number, plan, refusal) = match ended {
            Ended::Done(number, plan) => (number, plan, None),
            Ended::Refused(why, plan) => {
                let failure = refusal::explain(&why, &plan, run);
                let number = target.note_end(run, Outcome::Refused, &failure.message, &plan);
                target.close();
                (number, plan, Some(failure))
            }
        };
        // The process is about to end, which frees a million users at once; dropping them one by one takes a while.
        let plan = ManuallyDrop::new(plan);
        let report = Report {
            run,
            number,
            dry_run: target.is_dry_run(),
            refusal: refusal.as_ref(),
            plan: &plan,
        };
        let page = options.page.as_ref();
        if let Some(failure) = &refusal {
            outcome::refused(&report, failure, page, self.output)?;
            return Ok(failure.kind.exit_code());
        }
        if let Some(lost) = outcome::done(&report, page, self.output)? {
            return Ok(lost.kind.exit_code());
        }
        let is_off = !(plan.duplicate.is_empty() && plan.missing.is_empty());
        // Who names users and gets none of them is told so by the exit code, too.
        let duplicates = plan.duplicate.len() as u64;
        let is_in_vain = options.names_users && duplicates > 0 && duplicates == plan.checked();
        Ok(
            if !plan.failed.is_empty() || (options.strict && is_off) || is_in_vain {
                ExitCode::Partial
            } else if options.exit_code && plan.has_changes() {
                ExitCode::Pending
            } else {
                ExitCode::Done
            },
        )
    }
}

/// Does what the command line says.
pub fn run(mut cli: Cli, output: &Output) -> anyhow::Result<ExitCode> {
    if cli.global.csv_safe && cli.global.format != Format::Csv {
        return Err(Failure::new(Kind::Usage, "--csv-safe is for CSV only")
            .hint("add --format csv, or leave --csv-safe out")
            .into());
    }
    if let Command::Completions { shell } = cli.command {
        let script = completion::script(shell)?;
        output.stream(|out| out.write_all(&script))?;
        return Ok(ExitCode::Done);
    }
    if let Command::Man { folder } = &cli.command {
        return man::run(folder, output);
    }
    if let Command::Config { which } = cli.command {
        return config::run(which, cli.global.config.as_deref(), output);
    }
    if let Command::Check = cli.command {
        let global = &cli.global;
        return check::run(global.config.as_deref(), global.read_only, output);
    }
    match &mut cli.command {
        Command::Import(it) => names::take_lists(&mut it.users)?,
        Command::Sync(it) => names::take_lists(&mut it.users)?,
        Command::Remove(it) => names::take_lists(&mut it.usernames)?,
        Command::Restore(it) => names::take_lists(&mut it.names)?,
        _ => {}
    }
    let settings = Settings::load(cli.global.config.as_deref())?;
    if let Command::Search { .. } | Command::Import(_) | Command::Sync(_) = cli.command {
        settings.login.prepare()?;
    }
    log::info!("settings {}", settings.file.display());
    if let Command::Setup { .. } = cli.command {
        return setup::run(&settings, output);
    }
    settings.require_apart(&settings.store.files())?;
    refuse_writing(&cli.command, cli.global.read_only, &settings)?;
    let context = Context {
        wait: Duration::from_secs(cli.global.wait),
        settings,
        output,
    };
    let measured = |command, dry_run: bool, run: &dyn Fn() -> anyhow::Result<ExitCode>| {
        let file = context.settings.sync.metrics_file.as_deref();
        let store = || Ok(context.store()?.read()?);
        measure::with_metrics(command, file.filter(|_| !dry_run), &store, output, run)
    };
    match cli.command {
        Command::Search { prefix } => search::run(&prefix, &context),
        Command::Import(it) => measured(store::Command::Import, it.ending.dry_run, &|| {
            import::run(&it, &context)
        }),
        Command::List(arguments) => list::run(&arguments, &context),
        Command::Show { user } => show::run(&user, &context),
        Command::Add(arguments) => add::run(&arguments, &context),
        Command::Sync(it) => measured(store::Command::Sync, it.ending.dry_run, &|| {
            sync::run(&it, &context)
        }),
        Command::Set(arguments) => set::run(&arguments, &context),
        Command::Remove(arguments) => remove::run(&arguments, &context),
        Command::History(arguments) => history::run(&arguments, &context),
        Command::Restore(arguments) => restore::run(&arguments, &context),
        Command::Undo(arguments) => undo::run(&arguments, &context),
        Command::Check
        | Command::Setup { .. }
        | Command::Config { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(ExitCode::Done),
    }
}

/// How to end a run, apart from its plan.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // Each is asked for by itself.
struct RunOptions {
    /// The guard's rule, without what comes from the store.
    pub guard: Guard,
    /// Whether duplicates give exit code 7.
    pub strict: bool,
    /// Whether pending changes give exit code 3.
    pub exit_code: bool,
    /// Where to write the result as a page.
    pub page: Option<OutputFile>,
    /// Whether to ask at the terminal before deleting users.
    pub ask: bool,
    /// Whether the users were named one by one, to be imported.
    pub names_users: bool,
}

impl RunOptions {
    /// The options of the command line.
    pub fn new(
        limits: GuardLimits,
        allowed: Allowed,
        ending: &cli::Ending,
        page: Option<OutputFile>,
    ) -> Self {
        Self {
            guard: Guard {
                limits,
                allowed,
                is_meant: false,
                population: Population::default(),
                recent: Recent::default(),
            },
            strict: ending.strict,
            exit_code: ending.exit_code,
            page,
            ask: false,
            names_users: false,
        }
    }

    /// For a command that deletes exactly the users it was given, or nobody.
    pub fn exactly(deletions: u64, strict: bool) -> Self {
        Self {
            guard: Guard::exactly(deletions),
            strict,
            exit_code: false,
            page: None,
            ask: false,
            names_users: false,
        }
    }
}

/// Where the command line wants the result as a page. Whether it can be written there is checked before the run
/// changes anything.
fn page(ending: &cli::Ending, settings: &Settings) -> Result<Option<OutputFile>, Failure> {
    let Some(path) = ending.report.as_deref() else {
        return Ok(None);
    };
    if let Some(what) = settings.use_of(path, &settings.store.files()) {
        let message = format!("cannot write the report {}: it is {what}", path.display());
        return Err(Failure::new(Kind::Usage, message).hint("name another file with --report"));
    }
    let file = OutputFile::writable(path, Content::Page);
    file.map(Some).map_err(|error| {
        Failure::new(Kind::Usage, error.to_string()).hint(
            "name a new file, or one that --report wrote, in a folder that this account may write to",
        )
    })
}

/// Refuses a command that would write to the store, before anything is asked or opened.
fn refuse_writing(command: &Command, is_said: bool, settings: &Settings) -> Result<(), Failure> {
    let Some(name) = command.writes() else {
        return Ok(());
    };
    let failure = if is_said {
        let message = format!("--read-only: `adsync {name}` would write to the store");
        Failure::new(Kind::Usage, message)
    } else if settings.read_only {
        let message = format!(
            "settings {}: read_only = true under [store], and `adsync {name}` would write to it",
            settings.file.display()
        );
        Failure::new(Kind::Settings, message)
    } else {
        return Ok(());
    };
    Err(failure.hint(format!("`adsync {name} --dry-run` shows what it would do")))
}

fn no_tables(server: &Server) -> Failure {
    Failure::new(Kind::Settings, format!("there is no store in {server}")).hint(
        "`adsync import` makes it: `adsync import --all`, or `adsync import --help`; if it is elsewhere, mend url or schema under [store]",
    )
}

/// Refuses to continue without a store.
///
/// A missing store reads as an empty one, and the first run creates it. But a job that looks in the wrong place
/// must not succeed every night. Somebody who picks from a list sees that it is empty.
fn require_store(context: &Context<'_>) -> anyhow::Result<()> {
    let settings = &context.settings;
    if context.store()?.is_there()? {
        return Ok(());
    }
    let path = match &settings.store {
        Location::File(path) => path,
        Location::Server(server) => return Err(no_tables(server).into()),
    };
    // Where it was looked for, who said so, and how to begin.
    let file = std::path::absolute(&settings.file).unwrap_or_else(|_| settings.file.clone());
    let is_default = default_store_path().is_ok_and(|it| it == *path);
    let (said, elsewhere) = if is_default {
        let said = format!(
            "the default, for {} names no path under [store]",
            file.display()
        );
        (said, "if it is elsewhere, say so with path under [store]")
    } else {
        let said = format!("the path under [store] in {}", file.display());
        (said, "if it is elsewhere, mend that path")
    };
    let what = if path.exists() {
        "there is but an empty file"
    } else {
        "there is no store"
    };
    let message = format!("{what} at {} ({said})", path.display());
    let hint = format!(
        "`adsync import` makes it: `adsync import --all`, or `adsync import --help`; {elsewhere}"
    );
    Err(Failure::new(Kind::Settings, message).hint(hint).into())
}
