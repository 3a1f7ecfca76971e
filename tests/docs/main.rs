//! The commands of README and of `docs/` are run as they stand there, in the order of the page, in a copy of this
//! machine beside an Active Directory that has the names of the page. Each must succeed, or end as [`CODES`] says;
//! what a transcript shows must be what is said. `docs/cli.md` is the help of adsync itself and is not among them.

#[path = "../support/mod.rs"]
mod support;

mod page;
mod presupposed;
mod sandbox;

use page::{Command, Page};
use sandbox::{Said, Sandbox};

/// What is not run, by how it begins, and why.
const SKIPPED: [(&str, &str); 16] = [
    ("dsacls ", "Windows"),
    ("ktpass ", "Windows"),
    ("certutil ", "Windows"),
    ("setspn ", "Windows"),
    ("./scripts/test.sh", "runs this test"),
    ("./scripts/quickstart.sh", "a step of scripts/test.sh"),
    (
        "sudo apt-get install \"$(./scripts/package.sh)\"",
        "scripts/test-package.sh does it",
    ),
    ("dpkg --purge adsync", "scripts/test-package.sh does it"),
    (
        "cargo install ",
        "builds for minutes; scripts/package.sh builds the same",
    ),
    (
        "cargo bench ",
        "measures for an hour; scripts/test.sh runs it in short",
    ),
    (
        "RUSTC_BOOTSTRAP=1 cargo fuzz ",
        "ten minutes, with a tool to build first; tests/corpus runs the checks",
    ),
    ("cargo fuzz", "the name of a tool"),
    ("cargo test", "the name of a command"),
    ("systemctl edit ", "opens an editor at a terminal"),
    ("systemctl --failed", "asks a systemd that runs"),
    (
        "systemd-analyze security ",
        "asks a systemd that runs; tests/cli/contrib.rs does it offline",
    ),
];

/// Named without what they need; with it they are run.
const COMPLETED: [(&str, &str); 6] = [
    (
        "adsync import --group",
        "adsync import --group 'Domain Users'",
    ),
    ("adsync undo", "adsync undo RUN"),
    ("adsync restore", "adsync restore bob"),
    ("adsync remove", "adsync remove NAME"),
    ("adsync man", "adsync man man"),
    ("adsync completions", "adsync completions bash"),
];

/// Commands that end with another exit code than 0, as their page says.
const CODES: [(&str, &str, i32); 2] = [
    ("span", "adsync sync --dry-run --exit-code", 3),
    ("console", "adsync undo 42", 7),
];

fn is_skipped(command: &Command) -> Option<usize> {
    SKIPPED
        .iter()
        .position(|(begin, _)| command.text.starts_with(begin))
}

/// The exit code with which it must end.
fn code(command: &Command) -> i32 {
    let mut codes = CODES.iter();
    let own = codes.find(|(kind, text, _)| (*kind, *text) == (&command.kind, &command.text));
    own.map_or(0, |it| it.2)
}

/// What bash gets, and what is typed then.
fn typed(command: &Command, sandbox: &Sandbox) -> (String, String) {
    let text = COMPLETED
        .iter()
        .find(|(named, _)| *named == command.text)
        .map_or(command.text.as_str(), |(_, completed)| completed);
    let line = presupposed::fill_in(text, sandbox);
    let is_adsync =
        ["console", "span"].contains(&command.kind.as_str()) && line.starts_with("adsync ");
    match command.kind.as_str() {
        "sql" => (presupposed::SQLITE.to_owned(), line),
        "cron" => (cron(&line), String::new()),
        // What adsync says, and not who types it: that is what blocks of `sh` tell.
        _ if is_adsync => (
            format!("cd /var/lib/adsync && sudo -u adsync {line}"),
            String::new(),
        ),
        _ => (line, presupposed::input(command)),
    }
}

/// A line of `/etc/cron.d`: cron itself looks at the times, and the account runs the command in its home.
fn cron(line: &str) -> String {
    let (times, rest) = line.split_at(line.match_indices(' ').nth(4).expect("five times").0);
    let (account, command) = rest
        .trim_start()
        .split_once(' ')
        .expect("an account and a command");
    let command = command.trim_start();
    format!(
        "echo '{times} {command}' > /tmp/crontab && crontab -n /tmp/crontab && \
         cd ~{account} && sudo -u {account} env -i HOME=$PWD PATH=/usr/bin:/bin sh -c '{command}'"
    )
}

/// What a transcript shows, without what is another every time: numbers, and how wide they make a column.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for character in line.trim_end().chars() {
        let character = if character.is_ascii_digit() {
            '#'
        } else {
            character
        };
        if !(['#', ' '].contains(&character) && shape.ends_with(character)) {
            shape.push(character);
        }
    }
    shape
}

fn assert_answers(place: &str, command: &Command, said: &Said) {
    let shapes = |text: &str| text.trim_end().lines().map(shape).collect::<Vec<_>>();
    let (wanted, found) = (shapes(&command.answer.join("\n")), shapes(&said.text));
    let is_same = if command.typed.is_empty() {
        wanted == found
    } else {
        // What was typed is not echoed here, so questions and answers stand in one line.
        command
            .answer
            .iter()
            .all(|it| said.text.contains(it.trim_end()))
    };
    assert!(
        is_same,
        "{place}: {}\n{wanted:#?}\nis not what is said:\n{}",
        command.text, said.text
    );
}

/// Runs all that a page has, in its order.
fn run(name: &str) {
    let page = Page::read(name);
    let sandbox = Sandbox::start();
    presupposed::at_first(&page, &sandbox);
    let mut executed = 0;
    for command in page.commands.iter().filter(|it| is_skipped(it).is_none()) {
        presupposed::before(&page, command, &sandbox);
        let (line, input) = typed(command, &sandbox);
        let said = sandbox.run(&line, &input);
        let code = code(command);
        let place = format!("{name}:{}", command.line);
        assert_eq!(said.code, code, "{place}: {line}\n{}", said.text);
        if command.kind == "console" {
            assert_answers(&place, command, &said);
        }
        executed += 1;
    }
    assert!(
        executed >= page.shell_blocks,
        "{name}: {executed} commands were run, of {} blocks",
        page.shell_blocks
    );
}

macro_rules! pages {
    ($($test:ident: $name:literal),* $(,)?) => {
        const PAGES: &[&str] = &[$($name),*];
        $(#[test] fn $test() { run($name); })*
    };
}

pages! {
    readme: "README.md",
    active_directory: "docs/active-directory.md",
    benchmarks: "docs/benchmarks.md",
    operations: "docs/operations.md",
    performance: "docs/performance.md",
    reliability: "docs/reliability.md",
    security: "docs/security.md",
    store: "docs/store.md",
    databases: "docs/databases.md",
}

#[test]
fn no_page_is_left_out() {
    let mut pages = PAGES.to_vec();
    pages.sort_unstable();
    assert_eq!(pages, page::names());
}

#[test]
fn what_is_not_run_stands_in_a_page() {
    let pages: Vec<Page> = PAGES.iter().map(|name| Page::read(name)).collect();
    let commands = || pages.iter().flat_map(|page| &page.commands);
    for (at, (begin, _)) in SKIPPED.iter().enumerate() {
        assert!(
            commands().any(|it| is_skipped(it) == Some(at)),
            "{begin:?} is in no page"
        );
    }
    let named = COMPLETED.iter().map(|(text, _)| text);
    for text in named.chain(CODES.iter().map(|(_, text, _)| text)) {
        assert!(
            commands().any(|it| it.text == *text),
            "{text:?} is in no page"
        );
    }
}
