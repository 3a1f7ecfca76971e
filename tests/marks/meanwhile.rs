//! People change while they are being read: at every moment between two questions of a run. Whatever it
//! saw of that, the next run sees the rest.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use testdir::{Directory, TestDir, Uuid};

use crate::people::People;
use crate::support::embedded::{STAFF, Stage, text};
use crate::support::histories;
use crate::support::random::Random;
use crate::support::store::open;

const HISTORIES: u64 = 120;

/// The restless directory: shared between the test and the server, which changes it.
struct Unrest {
    people: People,
    random: Random,
    /// How many of a hundred moments bring a change.
    chance: usize,
    log: Vec<String>,
}

impl Unrest {
    fn moment(&mut self, directory: &mut Directory) {
        while self.random.percent(self.chance) {
            let said = self.people.change(directory, &mut self.random);
            self.log.push(format!("meanwhile: {said}"));
        }
    }
}

#[test]
fn whoever_changes_while_a_run_reads_is_in_step_after_the_next() {
    histories::play("ADSYNC_MARKS", HISTORIES, play);
}

fn play(seed: u64, log: &mut Vec<String>) {
    let mut random = Random::new(seed);
    let mut stage = Stage::around(TestDir::start().expect("a free port"));
    let page_size = random.between(1, 3);
    stage.configure_directory(&format!("page_size = {page_size}"));
    stage.configure_sync("max_deletes = 1000\nmissing_after = \"0\"");
    let see_tombstones = random.percent(50);
    stage.directory.see_tombstones(see_tombstones);
    log.push(format!(
        "page_size {page_size}, tombstones are seen: {see_tombstones}"
    ));
    let unrest = Arc::new(Mutex::new(Unrest {
        people: People::default(),
        chance: random.between(10, 40),
        random,
        log: std::mem::take(log),
    }));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| live(&stage, &unrest)));
    // The server has its own hold on it, and a poisoned lock still has the log.
    let unrest = unrest
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    log.clone_from(&unrest.log);
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

fn live(stage: &Stage, unrest: &Arc<Mutex<Unrest>>) {
    let with = |act: &mut dyn FnMut(&mut Unrest)| act(&mut unrest.lock().expect("nobody panicked"));
    with(&mut |it| {
        for _ in 0..it.random.between(3, 8) {
            let said = stage
                .directory
                .edit(|directory| it.people.add(directory, &mut it.random));
            it.log.push(said);
        }
    });
    stage.run(&["import", "--all"]);
    stage.run(&["sync"]);
    for _ in 0..4 {
        let shared = Arc::clone(unrest);
        stage.directory.before_each_search(move |directory| {
            shared.lock().expect("nobody panicked").moment(directory);
        });
        let mut arguments = vec!["sync", "--format", "json"];
        with(&mut |it| {
            if it.random.percent(25) {
                arguments.push("--full");
            }
        });
        let restless = stage.run(&arguments);
        stage.directory.leave_alone();
        with(&mut |it| nobody_was_deleted_wrongly(stage, &restless.json(), &it.log));
        let calm = stage.run(&["sync", "--format", "json"]);
        with(&mut |it| nobody_was_deleted_wrongly(stage, &calm.json(), &it.log));
        with(&mut |it| {
            let modes = [&restless, &calm].map(|answer| answer.json()["mode"].clone());
            let codes = (restless.code, calm.code);
            it.log
                .push(format!("$ {arguments:?} and sync: {modes:?} {codes:?}"));
        });
        for code in [restless.code, calm.code] {
            assert!(
                matches!(code, 0 | 4 | 7),
                "exit code {code}\n{restless}\n{calm}"
            );
        }
        if calm.code == 4 {
            // Everybody is gone, and that is refused.
            return;
        }
        is_in_step(stage);
        let rest = stage
            .run(&["sync", "--full", "--dry-run", "--format", "json"])
            .json();
        let left = ["modified", "deleted"].map(|it| rest["counts"][it].as_u64());
        assert_eq!(
            left,
            [Some(0), Some(0)],
            "left for a full run: {rest:#}\n{restless}\n{calm}"
        );
    }
}

/// Fails if a run deleted somebody that the directory had all the time.
#[track_caller]
fn nobody_was_deleted_wrongly(stage: &Stage, run: &Value, log: &[String]) {
    for user in run["deleted"].as_array().into_iter().flatten() {
        let guid: Uuid = text(user, "guid").parse().expect("a GUID");
        let lives = stage
            .directory
            .edit(|directory| directory.dn_of(guid))
            .is_some();
        let came_back = log
            .iter()
            .any(|it| it.contains(&format!("reanimate {guid}")));
        assert!(came_back || !lives, "{user:#}");
    }
}

/// Fails unless the store has of every imported user what the directory has.
#[track_caller]
fn is_in_step(stage: &Stage) {
    let db = open(stage);
    let mut statement = db
        .prepare(
            "SELECT guid, status, dn, username, first_name, last_name, email, contact_number, enabled, reason
             FROM users WHERE guid IS NOT NULL",
        )
        .expect("the table is there");
    let mut rows = statement.query([]).expect("it can be read");
    let (mut living, mut gone) = (0, Vec::new());
    while let Some(row) = rows.next().expect("a row") {
        let guid: Vec<u8> = row.get(0).expect("16 bytes");
        let guid = Uuid::from_slice_le(&guid).expect("16 bytes");
        let found = stage.directory.edit(|directory| directory.dn_of(guid));
        if let Some(found) = found {
            living += 1;
            is_as_in_the_directory(stage, row, &found);
        } else {
            gone.push((row.get(1).expect("a status"), row.get(9).expect("a reason")));
        }
    }
    // Where nobody is left there is no telling whether the account sees anybody.
    let no_witness =
        "not found, nor is any other user of the store; the account may have lost its rights";
    let is_doubted =
        |it: &(String, Option<String>)| it.0 == "missing" && it.1.as_deref() == Some(no_witness);
    assert!(
        gone.is_empty() || living == 0 && gone.iter().all(is_doubted),
        "gone, and not from the store: {gone:?}"
    );
}

/// Fails unless a row says of a user what the directory says at that DN.
#[track_caller]
fn is_as_in_the_directory(stage: &Stage, row: &rusqlite::Row<'_>, found: &str) {
    let status: String = row.get(1).expect("a status");
    let is_in_scope = found.ends_with(STAFF);
    match status.as_str() {
        "ok" => assert!(is_in_scope, "{found}"),
        "out_of_scope" => assert!(!is_in_scope, "{found}"),
        // They keep what they had, wherever they are.
        "duplicate" | "failed" => return,
        other => panic!("{found} is {other}"),
    }
    let dn: Option<String> = row.get(2).expect("a DN");
    assert_eq!(dn.as_deref(), Some(found));
    let attributes = [
        "sAMAccountName",
        "givenName",
        "sn",
        "mail",
        "telephoneNumber",
    ];
    for (column, attribute) in (3..8).zip(attributes) {
        let stored: Option<String> = row.get(column).expect("a text");
        let value = stage
            .directory
            .edit(|directory| directory.text(found, attribute));
        assert_eq!(
            stored,
            value.expect("it is there"),
            "{attribute} of {found}"
        );
    }
    let control = stage
        .directory
        .edit(|directory| directory.text(found, "userAccountControl"));
    let enabled: bool = row.get(8).expect("a flag");
    assert_eq!(
        enabled,
        control.expect("it is there").as_deref() == Some("512"),
        "{found}"
    );
}
