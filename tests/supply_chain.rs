//! What adsync is built from: whose it is, where it comes from, and why. `scripts/supply-chain.sh` asks
//! cargo-deny the same, and for known weaknesses; this here is quick, and needs the network once at most, for
//! what other platforms are built from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(ROOT)
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn packages(metadata: &Value) -> &Vec<Value> {
    metadata["packages"].as_array().expect("a list of packages")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn toml(path: &str) -> toml::Table {
    let path = Path::new(ROOT).join(path);
    let text = fs::read_to_string(&path).expect("it is in the repository");
    text.parse().expect("it is TOML")
}

fn strings(value: &toml::Value) -> Vec<&str> {
    let list = value.as_array().expect("a list").iter();
    list.map(|it| it.as_str().expect("a text")).collect()
}

/// The tables of a list.
fn tables(value: &toml::Value) -> Vec<&toml::Table> {
    let list = value.as_array().expect("a list").iter();
    list.map(|it| it.as_table().expect("a table")).collect()
}

#[test]
fn every_licence_is_one_of_those_that_are_allowed() {
    let deny = toml("deny.toml");
    let allowed = strings(&deny["licenses"]["allow"]);
    let exceptions = tables(&deny["licenses"]["exceptions"]);
    let metadata = metadata();
    assert!(packages(&metadata).len() > 200);
    for package in packages(&metadata) {
        let name = text(package, "name");
        let excepted = exceptions
            .iter()
            .filter(|it| it["crate"].as_str() == Some(name))
            .flat_map(|it| strings(&it["allow"]));
        let allowed: Vec<&str> = allowed.iter().copied().chain(excepted).collect();
        let licence = text(package, "license");
        let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{name} has no licence that can be read: {error}"));
        assert!(
            expression.evaluate(|it| allowed.contains(&it.to_string().as_str())),
            "{name} is licensed under {licence}"
        );
    }
}

#[test]
fn everything_comes_from_crates_io_or_from_here() {
    for package in packages(&metadata()) {
        let is_here = Path::new(text(package, "manifest_path")).starts_with(ROOT);
        let source = package["source"].as_str();
        assert!(
            source == Some(CRATES_IO) || (source.is_none() && is_here),
            "{} comes from {source:?}",
            text(package, "name")
        );
    }
}

/// In what is built: the lock file also has what only other features would need.
#[test]
fn what_is_there_twice_is_known_and_justified() {
    let deny = toml("deny.toml");
    assert_eq!(deny["bans"]["multiple-versions"].as_str(), Some("deny"));
    let skipped: BTreeSet<&str> = tables(&deny["bans"]["skip"])
        .into_iter()
        .map(|it| {
            assert!(
                it["reason"].as_str().is_some_and(|it| it.len() > 10),
                "{it:?}"
            );
            let name = it["crate"].as_str().expect("a name and a version");
            name.split('@').next().unwrap_or(name)
        })
        .collect();
    let metadata = metadata();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages(&metadata) {
        let of_it = versions.entry(text(package, "name")).or_default();
        of_it.push(text(package, "version"));
    }
    let twice = versions.into_iter().filter(|(_, all)| all.len() > 1);
    let twice: BTreeSet<&str> = twice.map(|(name, _)| name).collect();
    assert_eq!(twice, skipped, "deny.toml says why each is there twice");
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let contributing = fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md"));
    let contributing = contributing.expect("it is in the repository");
    let (_, section) = contributing
        .split_once("\n## Dependencies\n")
        .expect("there is a section of them");
    // What stands under headings of their own are other tables.
    let section = section.split("\n#").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let rows: Vec<(&str, &str)> = rows
        .filter_map(|row| row.split_once(" | "))
        .skip(1)
        .collect();
    let justified: BTreeSet<&str> = rows
        .iter()
        .inspect(|(names, reason)| assert!(reason.len() > 5, "{names}: {reason}"))
        .flat_map(|(names, _)| names.split(", "))
        .collect();
    let metadata = metadata();
    let of_members = packages(&metadata)
        .iter()
        .filter(|it| it["source"].is_null());
    let used: BTreeSet<&str> = of_members
        .flat_map(|package| package["dependencies"].as_array().expect("a list"))
        .filter(|dependency| dependency["path"].is_null())
        .map(|dependency| text(dependency, "name"))
        .collect();
    assert_eq!(
        used, justified,
        "left: Cargo.toml, right: the table in CONTRIBUTING.md"
    );
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate_of_ours() {
    let workspace = toml("Cargo.toml");
    let lints = &workspace["workspace"]["lints"]["rust"];
    assert_eq!(lints["unsafe_code"].as_str(), Some("forbid"));
    let metadata = metadata();
    let members: Vec<&Value> = packages(&metadata)
        .iter()
        .filter(|it| it["source"].is_null())
        .collect();
    assert_eq!(
        members.len(),
        strings(&workspace["workspace"]["members"]).len() + 1
    );
    for member in members {
        let manifest = toml(text(member, "manifest_path"));
        let inherited = manifest.get("lints").and_then(|it| it.get("workspace"));
        assert_eq!(
            inherited.and_then(toml::Value::as_bool),
            Some(true),
            "{} does not inherit the lints",
            text(member, "name")
        );
    }
}
