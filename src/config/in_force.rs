//! The settings in force, each with its value and where it comes from; secrets are left out.

use serde::Serialize;

use crate::credentials::password::{PASSWORD_VARIABLE, STORE_VARIABLE};

/// The example settings, which show every key with its default.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A setting.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// The table, a dot, and the key.
    #[serde(rename = "setting")]
    pub name: String,
    /// The value, as TOML.
    pub value: String,
    /// `line 12` of the settings file, `default`, or an environment variable.
    pub from: String,
}

/// A key of the example settings.
struct Key<'a> {
    table: &'a str,
    name: &'a str,
    /// None of a key that is required, or shown as an example only.
    default: Option<&'a str>,
}

/// The keys in the order of the example.
fn keys() -> Vec<Key<'static>> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let (mut table, mut is_example, mut is_text) = ("", false, false);
    for line in EXAMPLE.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            is_example = text.starts_with("Example:") || is_example && is_text;
            is_text = true;
            continue;
        }
        is_text &= line == "#";
        let header = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = header.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            table = name;
        }
        let (line, is_default) = match line.strip_prefix('#') {
            Some(line) => (line, !is_example),
            None => (line, false),
        };
        let Some((name, value)) = line.split_once(" = ") else {
            continue;
        };
        if !keys.iter().any(|it| (it.table, it.name) == (table, name)) {
            let default = Some(value).filter(|_| is_default);
            keys.push(Key {
                table,
                name,
                default,
            });
        }
    }
    keys
}

/// The table that has a key.
pub fn table_of(key: &str) -> Option<&'static str> {
    keys()
        .into_iter()
        .find(|it| it.name == key)
        .map(|it| it.table)
}

/// All settings that have a value, in the order of the example, from the text of a file that was found right.
pub fn of(text: &str) -> Vec<Setting> {
    let file: toml::Table = text.parse().unwrap_or_default();
    let is_given =
        |table: &str, name: &str| file.get(table).is_some_and(|it| it.get(name).is_some());
    // A file or a command in the settings comes first, and a password in them last.
    let variable_of = |table: &str| {
        let variable = match table {
            "store" if !is_given(table, "url") => return None,
            "store" => STORE_VARIABLE,
            _ => PASSWORD_VARIABLE,
        };
        let is_used = std::env::var_os(variable).is_some()
            && !is_given(table, "password_file")
            && !is_given(table, "password_command");
        is_used.then_some(variable)
    };
    let setting = |key: Key<'_>| {
        let mut path = key.table.split('.').chain([key.name]);
        let first = path.next().and_then(|it| file.get(it));
        let given = first.and_then(|it| path.try_fold(it, |table, name| table.get(name)));
        let is_secret = key.name == "password";
        let (value, from) = match given {
            _ if is_secret && let Some(variable) = variable_of(key.table) => {
                ("(hidden)".to_owned(), format!("${variable}"))
            }
            Some(_) if is_secret => ("(hidden)".to_owned(), line_of(text, &key)),
            Some(value) => (value.to_string(), line_of(text, &key)),
            None => (key.default?.to_owned(), "default".to_owned()),
        };
        let name = format!("{}.{}", key.table, key.name);
        Some(Setting { name, value, from })
    };
    keys().into_iter().filter_map(setting).collect()
}

/// `line 12`
fn line_of(text: &str, key: &Key<'_>) -> String {
    let mut table = String::new();
    let found = text.lines().position(|line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.split_once(']')) {
            name.0.trim().clone_into(&mut table);
        }
        let name = line.split_once('=').map(|(name, _)| name.trim());
        table == key.table && name == Some(key.name)
    });
    found.map_or_else(
        || "the settings file".to_owned(),
        |at| format!("line {}", at + 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_says_where_it_comes_from() {
        let text = "[directory]\nurl = \"ldaps://dc1\"\npassword = \"secret\"\n\n[sync]\nmax_deletes = 7\n";
        let settings = of(text);
        let found = |name: &str| {
            let setting = settings.iter().find(|it| it.name == name);
            setting.map(|it| (it.value.as_str(), it.from.as_str()))
        };
        assert_eq!(found("directory.url"), Some(("\"ldaps://dc1\"", "line 2")));
        assert_eq!(found("directory.password"), Some(("(hidden)", "line 3")));
        assert_eq!(found("directory.page_size"), Some(("1000", "default")));
        assert_eq!(found("sync.max_deletes"), Some(("7", "line 6")));
        assert_eq!(found("directory.ca_file"), None);
        assert_eq!(found("store.read_only"), Some(("false", "default")));
    }

    #[test]
    fn a_key_is_in_one_table() {
        assert_eq!(table_of("max_deletes"), Some("sync"));
        assert_eq!(table_of("email"), Some("directory.attributes"));
        assert_eq!(table_of("max_delets"), None);
    }
}
