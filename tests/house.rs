//! Which module knows which: no two know each other, not even by way of others, and nothing that a run stands on
//! knows the settings, the command line, the output or what a person is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
const LDAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/ldap");

/// Whom each module knows.
type Edges = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_two_modules_know_each_other() {
    let edges = edges();
    assert!(edges.len() > 10, "{edges:?}");
    let circles: Vec<_> = edges.keys().filter(|it| reaches(&edges, it, it)).collect();
    assert!(circles.is_empty(), "in a circle: {circles:?}\n{edges:#?}");
}

#[test]
fn what_a_run_stands_on_knows_nothing_above_it() {
    let edges = edges();
    for below in ["directory", "plan", "run", "store", "user", "util"] {
        for above in [
            "cli",
            "commands",
            "completion",
            "config",
            "credentials",
            "error",
            "metrics",
            "output",
            "signals",
        ] {
            assert!(edges.contains_key(above), "there is no module {above}");
            assert!(!knows(&edges, below, above), "{below} knows {above}");
        }
    }
    assert!(knows(&edges, "commands", "store"), "{edges:#?}");
}

/// A crate of its own cannot import adsync, but its words may still be about it.
#[test]
fn the_ldap_client_knows_no_settings_no_hints_and_no_users() {
    let manifest = fs::read_to_string(Path::new(LDAP).join("Cargo.toml")).expect("it is there");
    assert!(!manifest.contains("\nadsync"), "{manifest}");
    let files = sources(&Path::new(LDAP).join("src"));
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let code = without_comments(&fs::read_to_string(&file).expect("it can be read"));
        for word in [
            "adsync::",
            "[directory",
            "[store",
            "[sync",
            "hint",
            "User",
            "--",
        ] {
            assert!(!code.contains(word), "{} says {word}", file.display());
        }
        // Threads have its name, and so has a cache of tickets; no sentence has.
        let sentences = code.split('"').filter(|it| it.contains(' '));
        let about = sentences.filter(|it| it.split(' ').any(|word| word == "adsync"));
        let about: Vec<&str> = about.collect();
        assert!(about.is_empty(), "{} says {about:?}", file.display());
    }
}

#[test]
fn there_is_a_file_for_each_command() {
    let is_folder = |it: &PathBuf| it.is_dir();
    let entries = fs::read_dir(Path::new(SOURCES).join("commands")).expect("a folder");
    let paths = entries.map(|it| it.expect("an entry").path());
    // What is in a folder belongs to the file of its name.
    let files = paths.filter(|it| !is_folder(it));
    let mut names: BTreeSet<String> = files
        .map(|it| it.file_stem().expect("a name").display().to_string())
        .collect();
    for how_users_are_named in ["names", "picking"] {
        assert!(names.remove(how_users_are_named), "{names:?}");
    }
    let command = adsync::testing::Cli::command();
    let commands: BTreeSet<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        // The scripts of a shell are made in `completion`.
        .filter(|it| it != "completions" && it != "help")
        .collect();
    assert_eq!(names, commands);
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let found = |text: &str| imports(text).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(found("use crate::plan::{Guard, Plan};"), "plan");
    assert_eq!(
        found("use crate::{cli, plan::Plan,\n  user};"),
        "cli plan user"
    );
    assert_eq!(found("let a = crate::store::open(path)?;"), "store");
    assert_eq!(found("// as crate::store does\n/// [`crate::cli`]"), "");
    let tested = "use crate::plan::Plan;\n#[cfg(test)]\nmod tests {\n    use crate::cli::Cli;\n}\n";
    assert_eq!(found(tested), "plan");
}

fn knows(edges: &Edges, one: &str, other: &str) -> bool {
    edges.get(one).is_some_and(|them| them.contains(other))
}

/// Whether a way leads from one module to another, of one step or more.
fn reaches(edges: &Edges, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for known in edges.get(module).into_iter().flatten() {
            if known == to {
                return true;
            }
            if seen.insert(known) {
                next.push(known);
            }
        }
    }
    false
}

/// Of the modules at the top; what is below one belongs to it.
fn edges() -> Edges {
    let mut edges = Edges::new();
    for file in sources(Path::new(SOURCES)) {
        let path = file.strip_prefix(SOURCES).expect("one of the sources");
        let module = path.iter().next().expect("a name").to_str().expect("UTF-8");
        let module = module.trim_end_matches(".rs");
        // These two are above all others.
        if matches!(module, "lib" | "main") || path.ends_with("tests.rs") {
            continue;
        }
        let known = imports(&fs::read_to_string(&file).expect("it can be read"));
        let other = known.into_iter().filter(|it| it != module);
        edges.entry(module.to_owned()).or_default().extend(other);
    }
    edges
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|it| it.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|it| it.is_dir());
    let below = folders.iter().flat_map(|it| sources(it));
    let is_source = |it: &PathBuf| it.extension().is_some_and(|it| it == "rs");
    files.into_iter().filter(is_source).chain(below).collect()
}

/// The modules at the top that a text names, its tests apart.
fn imports(text: &str) -> BTreeSet<String> {
    let code = without_comments(text);
    let mut found = BTreeSet::new();
    for named in code.split("crate::").skip(1) {
        match named.strip_prefix('{') {
            None => found.extend(first_word(named)),
            Some(list) => found.extend(in_list(list)),
        }
    }
    found
}

/// The code of a text, without comments and its tests.
fn without_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next();
    let lines = code.unwrap_or_default().lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in a list of imports, without what is taken of each.
fn in_list(list: &str) -> Vec<String> {
    let (mut depth, mut top) = (0_usize, String::new());
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ if depth == 0 => top.push(character),
            _ => {}
        }
    }
    top.split(',')
        .filter_map(|it| first_word(it.trim()))
        .collect()
}

fn first_word(text: &str) -> Option<String> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let word: String = text.chars().take_while(|&it| is_word(it)).collect();
    (!word.is_empty()).then_some(word)
}
