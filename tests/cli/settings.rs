//! Where the settings are found, and what is said of a key that is not known.

use std::fs;
use std::path::Path;

use crate::stage::{NO_SERVER, alone, assert_says, set_mode, write_private};
use crate::support::adsync::{Run, Sandbox};

const MINIMAL: &str = "[directory]\nurl = \"ldap://127.0.0.1:1\"\nusername = \"svc\"\n";

/// The file that a run took its settings from, as `adsync check` says it.
#[track_caller]
fn settings_of(run: Run) -> String {
    let report = run.run().json();
    let step = &report["steps"][0];
    assert_eq!(step["step"], "settings", "{report}");
    assert_eq!(step["outcome"], "ok", "{report}");
    step["message"].as_str().expect("a path").to_owned()
}

fn check(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox.prepare(&[&["check", "--format", "json"], arguments].concat())
}

#[test]
fn the_search_order() {
    let sandbox = alone();
    let at = |name: &str| {
        let path = sandbox.path().join(name);
        write_private(&path, MINIMAL);
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let explicit = at("explicit.toml");
    let variable = at("variable.toml");
    let user = at("home/config/adsync/config.toml");
    let with_variable =
        |arguments: &[&str]| check(&sandbox, arguments).env("ADSYNC_CONFIG", &variable);

    assert_eq!(
        settings_of(with_variable(&["--config", &explicit])),
        explicit
    );
    assert_eq!(settings_of(with_variable(&[])), variable);
    assert_eq!(settings_of(check(&sandbox, &[])), "adsync.toml");
    fs::remove_file(sandbox.config_file()).expect("it is there");
    assert_eq!(settings_of(check(&sandbox, &[])), user);
    // An empty variable is one that is not set.
    assert_eq!(
        settings_of(check(&sandbox, &[]).env("ADSYNC_CONFIG", "")),
        user
    );
}

#[test]
fn a_file_that_was_named_is_never_replaced_by_another() {
    let sandbox = alone();
    let by_flag = sandbox.run(&["list", "-c", "absent.toml"]).expect_code(2);
    assert_says(&by_flag, &["absent.toml", "No such file"]);
    let by_variable = sandbox
        .prepare(&["list"])
        .env("ADSYNC_CONFIG", "absent.toml")
        .run()
        .expect_code(2);
    assert_says(&by_variable, &["absent.toml", "No such file"]);
}

#[test]
fn without_settings_the_places_are_named() {
    if Path::new("/etc/adsync/config.toml").exists() {
        // This host has settings of its own; what is tested here cannot happen on it.
        return;
    }
    let sandbox = alone();
    fs::remove_file(sandbox.config_file()).expect("it is there");
    let answer = sandbox.run(&["list"]).expect_code(2);
    let user = sandbox.path().join("home/config/adsync/config.toml");
    assert_says(
        &answer,
        &[
            "--config FILE",
            "ADSYNC_CONFIG",
            "adsync.toml",
            user.to_str().expect("a path in UTF-8"),
            "/etc/adsync/config.toml",
        ],
    );
}

#[test]
fn help_and_completions_need_no_settings() {
    let sandbox = alone();
    sandbox.write_config("this is no TOML");
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["sync", "--help"],
        &["completions", "fish"],
    ] {
        let answer = sandbox.run(arguments).expect_code(0);
        assert!(
            !answer.stdout.is_empty() && answer.stderr.is_empty(),
            "{answer}"
        );
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let sandbox = alone();
    for (table, line, key, nearest) in [
        ("", "[directry]", "directry", "directory"),
        ("", "[syncs]", "syncs", "sync"),
        ("[directory]", "usrname = \"svc\"", "usrname", "username"),
        ("[directory]", "timeout = 5", "timeout", "timeout_secs"),
        ("[directory]", "StartTLS = true", "StartTLS", "starttls"),
        (
            "[directory.attributes]",
            "e-mail = \"mail\"",
            "e-mail",
            "email",
        ),
        (
            "[directory.attributes]",
            "firstname = \"givenName\"",
            "firstname",
            "first_name",
        ),
        ("[store]", "pth = \"users.db\"", "pth", "path"),
        ("[sync]", "max_delete = 5", "max_delete", "max_deletes"),
        ("[sync]", "max_clear = 5", "max_clear", "max_cleared"),
        ("[sync]", "max_disable = 5", "max_disable", "max_disabled"),
        ("[sync]", "max_modify = 5", "max_modify", "max_modified"),
        ("[sync]", "max_mising = 5", "max_mising", "max_missing"),
        (
            "[sync]",
            "missing_for = \"24h\"",
            "missing_for",
            "missing_after",
        ),
        (
            "[sync]",
            "outofscope = \"keep\"",
            "outofscope",
            "out_of_scope",
        ),
    ] {
        let toml = if table == "[directory]" {
            MINIMAL.replace(table, &format!("{table}\n{line}"))
        } else {
            format!("{MINIMAL}\n{table}\n{line}\n")
        };
        let at = 1 + toml
            .lines()
            .position(|it| it == line)
            .expect("it was put in");
        sandbox.write_config(&toml);
        let answer = sandbox.run(&["list"]).expect_code(2);
        assert_says(
            &answer,
            &[
                &format!("adsync.toml, line {at}: unknown key `{key}`"),
                &format!("did you mean `{nearest}`?"),
            ],
        );
    }
}

#[test]
fn a_key_that_is_like_none_is_answered_with_all_of_them() {
    let sandbox = alone();
    sandbox.write_config(&format!("{MINIMAL}[store]\nqqqqq = 1\n"));
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(
        &answer,
        &["line 5: unknown key `qqqqq`", "known here: path"],
    );
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    let sandbox = alone();
    for (toml, line) in [
        ("[directory]\nurl = ldaps://dc1\n", 2),
        ("[directory]\nurl = \"ldaps://dc1\n", 2),
        ("[directory]\nurl = \"a\"\nurl = \"b\"\n", 3),
        ("[directory\n", 1),
    ] {
        sandbox.write_config(toml);
        let answer = sandbox.run(&["list"]).expect_code(2);
        assert_says(&answer, &[&format!("adsync.toml, line {line}: ")]);
    }
}

#[test]
fn what_must_be_there_is_asked_for() {
    let sandbox = alone();
    for (toml, missing) in [
        ("", "directory"),
        ("[directory]\nurl = \"ldaps://dc1\"\n", "username"),
        ("[directory]\nusername = \"svc\"\n", "url"),
        ("[directory]\nurls = []\nusername = \"svc\"\n", "url"),
    ] {
        sandbox.write_config(toml);
        let answer = sandbox.run(&["list"]).expect_code(2);
        assert_says(&answer, &["adsync.toml", missing]);
    }
}

#[test]
fn the_store_is_in_the_data_folder_unless_the_settings_say_where() {
    let sandbox = alone();
    sandbox.write_config(MINIMAL);
    sandbox.run(&["add", "alice"]).expect_code(0);
    assert!(sandbox.path().join("home/data/adsync/users.db").is_file());
    assert!(!sandbox.store_path().exists());
}

/// Settings in a folder of their own, which is not the working directory.
fn in_a_folder(sandbox: &Sandbox, store: &str, directory: &str, more: &str) {
    let text = format!(
        "[directory]\nurl = \"{NO_SERVER}\"\nusername = \"svc\"\n{directory}\n[store]\npath = \"{store}\"\n{more}"
    );
    write_private(&sandbox.path().join("conf/adsync.toml"), &text);
}

const IN_A_FOLDER: [&str; 2] = ["--config", "conf/adsync.toml"];

#[test]
fn a_relative_path_lies_beside_the_settings() {
    let sandbox = alone();
    let metrics = "[sync]\nmetrics_file = \"adsync.prom\"\n";
    in_a_folder(
        &sandbox,
        "db/users.db",
        "password_file = \"secret\"",
        metrics,
    );
    write_private(&sandbox.path().join("conf/secret"), "a password");
    // What the command line names is where the person is who types it.
    write_private(&sandbox.path().join("users.csv"), "username\nalice\n");
    let add = ["add", "--from-csv", "users.csv"];
    sandbox
        .run(&[&IN_A_FOLDER[..], &add].concat())
        .expect_code(0);
    assert!(sandbox.path().join("conf/db/users.db").is_file());
    // From another working directory it is the same store.
    let whole = sandbox.path().join("conf/adsync.toml");
    let list = sandbox.prepare(&["list", "--format", "csv"]);
    let mut list = list.env("ADSYNC_CONFIG", &whole).into_command();
    let list = list.current_dir("/").output().expect("adsync starts");
    let list = String::from_utf8_lossy(&list.stdout);
    assert!(list.contains("alice"), "{list}");
    // The password was found, so it comes to the server.
    let said = sandbox
        .run(&[&IN_A_FOLDER[..], &["sync"]].concat())
        .expect_code(5);
    assert_says(&said, &["cannot connect to"]);
    assert!(sandbox.path().join("conf/adsync.prom").is_file());
    for name in ["db", "adsync.prom", "secret"] {
        assert!(!sandbox.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_tilde_is_the_home_folder() {
    let sandbox = alone();
    in_a_folder(&sandbox, "~/db/users.db", "ca_file = \"~/absent.pem\"", "");
    sandbox
        .run(&[&IN_A_FOLDER[..], &["add", "alice"]].concat())
        .expect_code(0);
    assert!(sandbox.path().join("home/db/users.db").is_file());
    let said = sandbox
        .prepare(&[&IN_A_FOLDER[..], &["sync"]].concat())
        .env("ADSYNC_PASSWORD", "x")
        .run();
    assert_ne!(said.code, 0, "{said}");
    let absent = sandbox.path().join("home/absent.pem");
    assert_says(&said, &[absent.to_str().expect("a path in UTF-8")]);
}

#[test]
fn the_home_folder_of_another_account_is_refused_with_its_line() {
    let sandbox = alone();
    for (store, directory, says) in [
        (
            "~bob/users.db",
            "",
            "adsync.toml, line 6: path: ~bob would be",
        ),
        (
            "users.db",
            "password_file = \"~bob/p\"",
            "line 4: password_file: ~bob",
        ),
        ("users.db", "ca_file = \"~ca\"", "line 4: ca_file: ~ca"),
        (
            "users.db",
            "ca_file = \"\"",
            "line 4: ca_file: the path is empty",
        ),
        (
            "users.db",
            "password_command = [\"~bob/p\"]",
            "password_command under [directory]: ~bob",
        ),
    ] {
        in_a_folder(&sandbox, store, directory, "");
        let said = sandbox
            .run(&[&IN_A_FOLDER[..], &["list"]].concat())
            .expect_code(2);
        assert_says(&said, &["conf/adsync.toml", says]);
    }
}

#[test]
fn a_command_with_a_slash_lies_beside_the_settings_too() {
    let sandbox = alone();
    let script = sandbox.path().join("conf/bin/print");
    write_private(&script, "#!/bin/sh\necho secret\n");
    set_mode(&script, 0o700);
    in_a_folder(
        &sandbox,
        "users.db",
        "password_command = [\"bin/print\"]",
        "",
    );
    let said = sandbox
        .run(&[&IN_A_FOLDER[..], &["search", "a"]].concat())
        .expect_code(5);
    assert_says(&said, &["cannot connect to"]);
}
