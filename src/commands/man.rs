//! `adsync man`: the manual, one page per command.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::output::file::{Content, OutputFile};

/// The foot of every page.
const MANUAL: &str = "adsync manual";

/// Runs the command.
pub fn run(folder: &Path, output: &Output) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut command = Cli::command();
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands());
    let files = pages
        .map(|page| write(page.clone(), folder))
        .collect::<anyhow::Result<Vec<_>>>()?;
    output.note(&format!("{} pages in {}", files.len(), folder.display()));
    Ok(ExitCode::Done)
}

/// The date of the pages: today, or that of `$SOURCE_DATE_EPOCH` for packages that can be built
/// again byte for byte (reproducible-builds.org).
fn date() -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let second = epoch.and_then(|it| it.parse().ok());
    let made = second.and_then(|it| jiff::Timestamp::from_second(it).ok());
    let time = made.unwrap_or_else(jiff::Timestamp::now);
    time.strftime("%Y-%m-%d").to_string()
}

fn write(command: Command, folder: &Path) -> anyhow::Result<PathBuf> {
    let after_help = command.get_after_help().map(ToString::to_string);
    let is_program = command.has_subcommands();
    let name = command.get_display_name().unwrap_or("adsync").to_owned();
    let man = Man::new(command)
        .title(name.to_uppercase())
        .date(date())
        .source(concat!("adsync ", env!("CARGO_PKG_VERSION")))
        .manual(MANUAL);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if is_program {
        man.render_subcommands_section(&mut page)?;
    }
    for block in after_help.as_deref().unwrap_or_default().split("\n\n") {
        section(block, &mut page)?;
    }
    see_also(is_program, &mut page)?;
    let file = folder.join(format!("{name}.1"));
    let page = tidy(&String::from_utf8_lossy(&page));
    OutputFile::at(&file, Content::Manual)?.write(|out| out.write_all(page.as_bytes()))?;
    Ok(file)
}

/// The longest line of a page's source, in characters; `mandoc -T lint` asks for it.
const LONGEST: usize = 80;

/// A page as `mandoc -T lint` likes it: the prelude once, no line break beside a space, no long lines.
fn tidy(page: &str) -> String {
    let mut tidy: Vec<String> = Vec::new();
    let is_break = |line: &str| line == ".br" || line.starts_with(".sp");
    for line in page.lines().map(str::trim_end) {
        let is_prelude = line.starts_with(".ie ") || line.starts_with(".el ");
        let last = tidy.last().map_or("", String::as_str);
        let is_needless = match line {
            ".br" => is_break(last),
            ".PP" => last.starts_with(".SH"),
            _ => is_prelude && tidy.len() > 1,
        };
        if is_needless {
            continue;
        }
        if line.is_empty() || line.starts_with('.') {
            if line.is_empty() && last == ".br" {
                tidy.pop();
            }
            tidy.push(if line.is_empty() { ".sp" } else { line }.to_owned());
            continue;
        }
        let mut short = String::new();
        for word in line.split(' ') {
            // A line must not begin with what would be a request.
            let fits = short.chars().count() + word.chars().count() < LONGEST;
            if short.is_empty() || fits || word.starts_with(['.', '\'']) {
                short += if short.is_empty() { "" } else { " " };
                short += word;
            } else {
                tidy.push(std::mem::replace(&mut short, word.to_owned()));
            }
        }
        tidy.push(short);
    }
    tidy.join("\n") + "\n"
}

/// A part of the text after the help: a list under a heading such as `Examples:`, or a paragraph.
fn section(block: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    match block.split_once('\n') {
        Some((heading, lines)) if heading.ends_with(':') => {
            let heading = heading.trim_end_matches(':').to_uppercase();
            roff.control("SH", [heading.as_str()]);
            lines.lines().for_each(|line| entry(line, &mut roff));
        }
        _ if block.is_empty() => {}
        _ => {
            roff.control("SH", ["NOTES"]);
            roff.text([roman(block)]);
        }
    }
    roff.to_writer(page)
}

/// A line of a list: a term, two spaces or more, and its meaning; or only one of them.
fn entry(line: &str, roff: &mut Roff) {
    /// A line indented by this many spaces continues the meaning of the term before.
    const BELOW: &str = "          ";
    match line.trim().split_once("  ") {
        Some((term, meaning)) => {
            roff.control("TP", []);
            roff.text([bold(term)]).text([roman(meaning.trim())]);
        }
        None if line.starts_with(BELOW) => {
            roff.control("RS", []);
            roff.text([roman(line.trim())]);
            roff.control("RE", []);
        }
        None => {
            roff.control("PP", []).text([bold(line.trim())]);
        }
    }
}

fn see_also(is_program: bool, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    if !is_program {
        roff.text([bold("adsync"), roman("(1)")]);
        roff.control("PP", []);
    }
    roff.text([roman(
        "The settings are explained in config.example.toml, running adsync from cron and systemd in docs/operations.md.",
    )]);
    roff.to_writer(page)
}
