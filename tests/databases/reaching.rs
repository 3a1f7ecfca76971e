//! How the server is reached: encrypted, with a password that nobody else gets to see.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::side_by_side::InDatabase;
use crate::support::adsync::{Answer, Settings};
use crate::support::database::{Database, Kind, PASSWORD};
use crate::support::embedded::{Stage, assert_says, settings_for};

/// A directory of one user, and adsync on a database, reached over TLS.
fn over_tls(database: Database) -> (Stage, InDatabase) {
    let stage = Stage::with(&["alice"]);
    let it = InDatabase::new(&stage.directory, database, "");
    with(&stage, &it, it.database.tls_settings());
    (stage, it)
}

/// On a database of each kind.
fn each() -> impl Iterator<Item = (Stage, InDatabase)> {
    Kind::ALL
        .into_iter()
        .map(|kind| over_tls(Database::new(kind)))
}

/// With these lines of `[store]` instead.
fn with(stage: &Stage, it: &InDatabase, store: String) {
    it.sandbox.configure(&Settings {
        store: Some(store),
        ..settings_for(&stage.directory)
    });
}

#[track_caller]
fn assert_secret(answer: &Answer) {
    for text in [&answer.stdout, &answer.stderr] {
        assert!(!text.contains(PASSWORD), "{answer}");
    }
}

#[test]
fn the_connection_is_encrypted_and_the_certificate_verified() {
    for (stage, it) in each() {
        let database = &it.database;
        it.run(&["import", "--all", "-vv"]).expect_code(0);
        let password = format!("password_file = {:?}\n", database.password_file());
        let other = format!("ca_file = {:?}\n", database.other_ca_file());
        let url = format!("url = {:?}\n", database.url());
        with(&stage, &it, url.clone() + &password + &other);
        for arguments in [&["sync", "-vv"][..], &["list", "-vv"], &["check", "-vv"]] {
            let answer = it.run(arguments);
            assert!(answer.code != 0, "{answer}");
            assert_says(&answer, &["certificate"]);
            assert_secret(&answer);
        }
        let answer = it.run(&["sync"]).expect_code(1);
        let server = database.url();
        assert_says(&answer, &["error: ", &server, "hint: ", "ca_file"]);
        // It is for this address, and for no other.
        let elsewhere = database.url().replace("@127.", "@localhost.invalid-127.");
        with(&stage, &it, format!("url = {elsewhere:?}\n{password}"));
        it.run(&["sync"]).expect_code(1);
    }
}

#[test]
fn nobody_reads_along() {
    // Where the account may not come in otherwise. The servers of other tests go on.
    let [postgres, mariadb] = Kind::ALL.map(|kind| over_tls(Database::alone(kind)));
    mariadb.1.sql("ALTER USER adsync@'%' REQUIRE SSL");
    mariadb.1.json(0, &["import", "--all"]);
    let (stage, it) = postgres;
    let database = it.database.clone();
    let (send, receive) = std::sync::mpsc::channel();
    stage.directory.on_page(1, move |_| {
        let plain = database.sql(
            "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
             WHERE a.usename = 'adsync' AND NOT s.ssl",
        );
        send.send(plain).expect("the test waits");
    });
    it.json(0, &["import", "--all"]);
    assert_eq!(receive.recv().as_deref(), Ok("0"));
}

#[test]
fn a_wrong_password_is_said_and_no_password_is() {
    for (stage, it) in each() {
        it.run(&["import", "--all"]).expect_code(0);
        let file = it.sandbox.path().join("wrong");
        let wrong = "Passw0rd-that-is-wrong";
        fs::write(&file, wrong)
            .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o600)))
            .expect("a file can be written");
        let settings = it.database.tls_settings().replace(
            &format!("{:?}", it.database.password_file()),
            &format!("{file:?}"),
        );
        with(&stage, &it, settings);
        for arguments in [
            &["sync", "-vv"][..],
            &["list"],
            &["sync", "--format", "json"],
        ] {
            let answer = it.run(arguments).expect_code(1);
            assert_says(
                &answer,
                &[
                    "error: ",
                    &it.database.url(),
                    "adsync",
                    "hint: ",
                    "password_file",
                ],
            );
            assert_secret(&answer);
            assert!(
                !answer.stderr.contains(wrong) && !answer.stdout.contains(wrong),
                "{answer}"
            );
        }
    }
}

#[test]
fn the_password_is_in_no_output() {
    for (stage, it) in each() {
        for arguments in [
            &["import", "--all", "-vv"][..],
            &["sync", "-vv"],
            &["list", "-vv"],
            &["check", "-vv"],
            &["config", "show"],
            &["history", "-vv"],
        ] {
            assert_secret(&it.run(arguments).expect_code(0));
        }
        // Neither is one that stands in the settings.
        let url = format!("url = {:?}\npassword = {PASSWORD:?}\n", it.database.url());
        with(&stage, &it, url);
        for arguments in [&["sync", "-vv"][..], &["config", "show"]] {
            assert_secret(&it.run(arguments).expect_code(0));
        }
        let with_password = it
            .database
            .url()
            .replace("adsync@", &format!("adsync:{PASSWORD}@"));
        with(&stage, &it, format!("url = {with_password:?}\n"));
        let answer = it.run(&["sync"]).expect_code(2);
        assert_says(&answer, &["password_file"]);
        assert_secret(&answer);
    }
}

#[test]
fn a_socket_needs_no_certificate() {
    for (stage, it) in each() {
        with(&stage, &it, it.database.settings());
        it.json(0, &["import", "--all"]);
        assert_eq!(it.json(0, &["sync"])["counts"]["unchanged"], 1);
    }
}

#[test]
fn a_server_that_is_not_there_is_said() {
    for kind in Kind::ALL {
        let (_stage, it) = over_tls(Database::alone(kind));
        it.json(0, &["import", "--all"]);
        it.database.stop();
        for arguments in [&["sync"][..], &["list"]] {
            let answer = it.run(arguments).expect_code(1);
            assert_says(&answer, &["error: ", &it.database.url(), "hint: "]);
        }
        it.database.start_again();
        assert_eq!(it.json(0, &["sync"])["counts"]["unchanged"], 1);
    }
}

#[test]
fn two_first_runs_at_once_make_one_store() {
    for kind in Kind::ALL {
        let stage = Stage::with(&["alice"]);
        let it = InDatabase::new(&stage.directory, Database::new(kind), "");
        let both = std::thread::scope(|scope| {
            let runs =
                [(); 2].map(|()| scope.spawn(|| it.run(&["import", "--all", "--wait", "60"])));
            runs.map(|run| run.join().expect("it ends"))
        });
        for answer in both {
            answer.expect_code(0);
        }
        let list = it.json(0, &["list"]);
        assert_eq!(list["users"].as_array().expect("a list").len(), 1);
    }
}

#[test]
fn tables_that_were_made_in_part_are_completed() {
    let stage = Stage::with(&["alice"]);
    let it = InDatabase::new(&stage.directory, Database::new(Kind::MariaDb), "");
    it.json(0, &["import", "--all"]);
    it.sql("DROP TABLE adsync_meta; DELETE FROM adsync_users; DELETE FROM adsync_links; DELETE FROM adsync_changes; DELETE FROM adsync_runs; DELETE FROM adsync_marks; DELETE FROM adsync_controllers; DELETE FROM adsync_domains");
    it.json(0, &["import", "--all"]);
    assert_eq!(it.json(0, &["sync"])["counts"]["unchanged"], 1);
}

#[test]
fn a_password_in_settings_that_others_can_read_is_refused() {
    let stage = Stage::with(&["alice"]);
    let it = InDatabase::new(&stage.directory, Database::new(Kind::Postgres), "");
    let url = format!("url = {:?}\n", it.database.url());
    let settings = settings_for(&stage.directory);
    let settings = Settings {
        store: Some(url + "password = \"of-the-database\"\n"),
        ..settings
    };
    it.sandbox.configure(&settings);
    let file = it.sandbox.config_file();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let answer = it.run(&["list"]).expect_code(2);
    assert_says(&answer, &["chmod"]);
    assert!(!answer.stderr.contains("of-the-database"), "{answer}");
}

#[test]
fn a_report_takes_no_place_of_a_secret() {
    let stage = Stage::with(&["alice"]);
    let it = InDatabase::new(&stage.directory, Database::new(Kind::Postgres), "");
    let password = it.database.password_file();
    let report = password.to_str().expect("a path");
    let answer = it.run(&["import", "--all", "--report", report]);
    answer.expect_code(2);
}

#[test]
fn the_next_host_is_tried_where_one_is_not_there() {
    for kind in Kind::ALL {
        let stage = Stage::with(&["alice"]);
        let it = InDatabase::new(&stage.directory, Database::new(kind), "");
        let url = it.database.url().replacen('@', "@127.0.0.1:1,", 1);
        let password = it.database.password_file();
        let store = format!("url = {url:?}\npassword_file = {password:?}\n");
        with(&stage, &it, store);
        it.json(0, &["import", "--all"]);
        assert_eq!(it.json(0, &["sync"])["counts"]["unchanged"], 1);
    }
}
