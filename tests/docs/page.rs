//! What a page tells its reader to type, and what it says the answer is.
//!
//! Commands are the lines of blocks tagged `sh`, `console` (behind `$`, with the answer below), `cron` and `sql`,
//! and the spans of code in prose that begin with one of [`PROGRAMS`] and go on.

use std::path::{Path, PathBuf};

/// What begins a command in prose. A span that is its name and no more names the program.
const PROGRAMS: &str = "adsync apt-get cargo chmod crontab dpkg install kinit man rm samba-tool setfacl setspn \
                        sqlite3 sudo systemctl systemd-analyze userdel usermod";

/// Tags of blocks whose lines are commands.
const SHELLS: [&str; 5] = ["sh", "console", "cron", "sql", "bat"];
/// Tags of blocks that are something else.
const OTHERS: [&str; 5] = ["ini", "json", "text", "toml", "yaml"];

/// A command, and what stands below it.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) line: usize,
    /// As bash gets it; of `cron` and `sql` the lines of the page.
    pub(crate) text: String,
    pub(crate) kind: String,
    /// What a transcript shows as its answer.
    pub(crate) answer: Vec<String>,
    /// What a transcript shows as typed behind the prompt of the program itself.
    pub(crate) typed: Vec<String>,
}

/// A page with its blocks in order.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) commands: Vec<Command>,
    pub(crate) shell_blocks: usize,
    /// Blocks that are no commands, with their tag.
    pub(crate) others: Vec<(String, String)>,
}

/// README and the pages of `docs/`, but for the help texts.
pub(crate) fn names() -> Vec<String> {
    let folder = Path::new("docs").read_dir().expect("docs");
    let pages = folder.map(|it| it.expect("an entry").path());
    let is_written =
        |path: &PathBuf| path.extension().is_some_and(|it| it == "md") && !path.ends_with("cli.md");
    let pages = pages.filter(is_written).map(|it| it.display().to_string());
    let mut names: Vec<String> = pages.chain(["README.md".to_owned()]).collect();
    names.sort();
    names
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut page = Self {
            name: name.to_owned(),
            commands: Vec::new(),
            shell_blocks: 0,
            others: Vec::new(),
        };
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        for (number, part) in lines.split(|line| line.starts_with("```")).enumerate() {
            if number % 2 == 0 {
                page.take_spans(at + 1, &part.join("\n"));
            } else {
                page.take_block(at + 1, &lines[at - 1][3..], part);
            }
            at += part.len() + 1;
        }
        page
    }

    fn take_block(&mut self, first: usize, tag: &str, lines: &[&str]) {
        if !SHELLS.contains(&tag) {
            let place = format!("{}:{}", self.name, first - 1);
            assert!(OTHERS.contains(&tag), "{place}: a block of {tag:?}");
            self.others.push((tag.to_owned(), lines.join("\n") + "\n"));
            return;
        }
        self.shell_blocks += 1;
        if tag == "sql" {
            return self.push(first, tag, &lines.join("\n"));
        }
        for (at, line) in lines.iter().enumerate() {
            match (tag, line.strip_prefix("$ ")) {
                ("console", Some(command)) => self.push(first + at, tag, command),
                ("console", None) => self.answer(line),
                _ if line.trim_start().starts_with('#') || line.is_empty() => {}
                _ => self.push(first + at, tag, line),
            }
        }
    }

    fn push(&mut self, line: usize, kind: &str, text: &str) {
        self.commands.push(Command {
            line,
            text: text.to_owned(),
            kind: kind.to_owned(),
            answer: Vec::new(),
            typed: Vec::new(),
        });
    }

    fn answer(&mut self, line: &str) {
        let name = &self.name;
        let command = self.commands.last_mut();
        let command = command.unwrap_or_else(|| panic!("{name}: an answer to nothing: {line}"));
        match line.strip_prefix(&format!("{}:  ", command.text)) {
            Some(typed) => command.typed.push(typed.to_owned()),
            None => command.answer.push(line.to_owned()),
        }
    }

    fn take_spans(&mut self, first: usize, prose: &str) {
        let mut line = first;
        for (number, part) in prose.split('`').enumerate() {
            let span = part.replace('\n', " ");
            if number % 2 == 1 && is_command(&span) {
                self.push(line, "span", &span);
            }
            line += part.matches('\n').count();
        }
    }
}

/// Whether a span begins with a program and goes on. `chmod 0640` is a mode, and `…` is for the reader to fill in.
fn is_command(span: &str) -> bool {
    let mut words = span.split(' ').skip_while(|it| is_variable(it));
    let program = words.next().unwrap_or_default();
    let least = if program == "chmod" { 2 } else { 1 };
    PROGRAMS.split_whitespace().any(|it| it == program)
        && words.count() >= least
        && !span.contains('…')
}

/// Whether a word sets a variable for the program behind it.
fn is_variable(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty()
        && name
            .bytes()
            .all(|it| it.is_ascii_uppercase() || b"_0123456789".contains(&it))
}
