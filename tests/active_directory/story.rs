//! The main job, from an empty store to a second run with nothing to do.

use serde_json::{Value, json};

use crate::support::adsync::Sandbox;
use crate::support::samba::{STAFF_DN, SambaDc, User};
use crate::{imported, json, named, person, user, usernames, users};

#[test]
fn import_brings_everybody_in_the_base_and_nobody_else() {
    let dc = SambaDc::start();
    let sales = dc.add_ou("Sales", STAFF_DN);
    dc.add_all(&[
        person("alice"),
        person("bob").ou(&sales),
        person("outside").ou("CN=Users,DC=corp,DC=example,DC=com"),
    ]);
    let sandbox = Sandbox::for_dc(&dc);

    let result = json(&sandbox, &["import", "--all"]);

    assert_eq!(named(&result["imported"]), ["alice", "bob"]);
    assert_eq!(result["counts"]["imported"], 2);
    assert_eq!(
        (&result["version"], &result["run"], &result["mode"]),
        (&json!(1), &json!(1), &json!("full"))
    );
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
    let alice = user(&sandbox, "alice");
    assert_eq!(alice["guid"], dc.guid_of("alice"));
    assert_eq!(alice["dn"], dc.dn_of("alice"));
    assert_eq!(alice["first_name"], "Given");
    assert_eq!(alice["last_name"], "Surname");
    assert_eq!(alice["email"], "alice@corp.example.com");
    assert_eq!(alice["contact_number"], "+1 555 0100");
    assert_eq!(alice["source"], "directory");
    assert_eq!(alice["status"], "ok");
    assert_eq!(alice["enabled"], true);
}

#[test]
fn names_of_every_kind_come_out_as_they_are() {
    let dc = SambaDc::start();
    let names = [
        ("comma", "Lee, Ann"),
        ("quotes", "Ann \"The Boss\" O'Brien"),
        ("backslash", r"back\slash \ end\"),
        ("spaces", "  leading and trailing  "),
        ("cjk", "山田 太郎"),
        ("cyrillic", "Иван Щукин"),
        ("emoji", "Zoë 👩‍💻"),
        ("hash", "#hash+plus;semi<less>greater=equals"),
        ("nul", "asterisk * (parens) / slash"),
    ];
    for (sam, name) in names {
        dc.add_user(&person(sam).cn(name.trim()).given(name).sn(name));
    }
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);

    for (sam, name) in names {
        let user = user(&sandbox, sam);
        assert_eq!(user["first_name"], name);
        assert_eq!(user["last_name"], name);
        assert_eq!(user["dn"], dc.dn_of(sam));
    }
    let again = json(&sandbox, &["sync"]);
    assert_eq!(again["counts"]["unchanged"], names.len());
    // What was read can be asked for again.
    for (sam, _) in names {
        assert_eq!(
            json(&sandbox, &["sync", "--users", sam])["counts"]["unchanged"],
            1
        );
    }
}

#[test]
fn usernames_beyond_ascii_are_imported_and_kept_in_step() {
    let (dc, sandbox) = imported(&[
        person("josé"),
        person("łukasz"),
        person("иван"),
        person("花子"),
    ]);
    assert_eq!(users(&sandbox).len(), 4);
    dc.modify(&dc.dn_of("łukasz"), "telephoneNumber", Some("42"));

    let result = json(&sandbox, &["sync", "--users", "ŁUKASZ,JOSÉ"]);

    assert_eq!(named(&result["modified"]), ["łukasz"]);
    assert_eq!(result["counts"]["unchanged"], 1);
}

#[test]
fn a_sync_reports_exactly_what_changed_and_the_next_one_nothing() {
    let people = ["anna", "berta", "clara", "dora", "emil", "fritz"].map(person);
    let (dc, sandbox) = imported(&people);
    let deeper = dc.add_ou("Deeper", STAFF_DN);
    let clara = user(&sandbox, "clara")["guid"].clone();

    dc.modify(&dc.dn_of("anna"), "mail", Some("anna@new.example.com"));
    dc.modify(&dc.dn_of("berta"), "telephoneNumber", None);
    dc.rename_account("clara", "clara.married");
    dc.move_to(&dc.dn_of("dora"), &deeper);
    dc.delete(&dc.dn_of("emil"));

    let dry = json(&sandbox, &["sync", "--dry-run"]);
    let result = json(&sandbox, &["sync", "--report", "report.html"]);

    let page = std::fs::read_to_string(sandbox.path().join("report.html")).expect("a page");
    for part in [
        "anna@<ins>new</ins>.example.com",
        ">+1 555 0100</del>",
        ">emil<",
        "not found in the domain; a run that does not find it after",
    ] {
        assert!(page.contains(part), "{part:?} in\n{page}");
    }
    assert_eq!(named(&result["modified"]), ["anna", "berta", "clara"]);
    let changes = |at: usize| &result["modified"][at]["changes"];
    let from_to = |from: Value, to: Value| json!({"from": from, "to": to});
    assert_eq!(
        changes(0),
        &json!({"email": from_to("anna@corp.example.com".into(), "anna@new.example.com".into())})
    );
    assert_eq!(
        changes(1),
        &json!({"contact_number": from_to("+1 555 0100".into(), Value::Null)})
    );
    assert_eq!(
        changes(2),
        &json!({"username": from_to("clara".into(), "clara.married".into())})
    );
    assert_eq!(named(&result["missing"]), ["emil"]);
    assert_eq!(result["missing"][0]["since"], result["started_at"]);
    assert_eq!(result["counts"]["deleted"], 0);
    assert_eq!(result["counts"]["unchanged"], 2);
    assert_eq!(result["counts"]["checked"], 6);
    for bucket in [
        "modified",
        "deleted",
        "duplicate",
        "out_of_scope",
        "failed",
        "counts",
    ] {
        assert_eq!(dry[bucket], result[bucket], "the dry run said otherwise");
    }
    assert_eq!((&dry["run"], &dry["dry_run"]), (&Value::Null, &json!(true)));

    assert_eq!(
        usernames(&sandbox),
        ["anna", "berta", "clara.married", "dora", "emil", "fritz"]
    );
    assert_eq!(user(&sandbox, "emil")["status"], "missing");
    assert_eq!(
        user(&sandbox, "clara.married")["guid"],
        clara,
        "the identity is kept"
    );
    assert_eq!(
        user(&sandbox, "dora")["dn"],
        format!("CN=dora,{deeper}"),
        "the DN is kept fresh"
    );
    assert_eq!(user(&sandbox, "berta")["contact_number"], Value::Null);

    let before = users(&sandbox);
    let again = json(&sandbox, &["sync"]);
    assert_eq!(again["counts"]["unchanged"], 5);
    assert_eq!(again["counts"]["checked"], 6);
    assert_eq!(again["missing"], result["missing"]);
    let without_time = |mut them: Vec<Value>| {
        for user in &mut them {
            user["synced_at"].take();
        }
        them
    };
    assert_eq!(without_time(users(&sandbox)), without_time(before));

    crate::a_day_passes(&sandbox);
    let result = json(&sandbox, &["sync", "--report", "report.html"]);
    assert_eq!(named(&result["deleted"]), ["emil"]);
    assert_eq!(result["deleted"][0]["evidence"], "absent");
    assert_eq!(result["counts"]["unchanged"], 5);
    let page = std::fs::read_to_string(sandbox.path().join("report.html")).expect("a page");
    for part in [">emil<", "<code>absent</code>"] {
        assert!(page.contains(part), "{part:?} in\n{page}");
    }
    assert_eq!(
        usernames(&sandbox),
        ["anna", "berta", "clara.married", "dora", "fritz"]
    );
    assert_eq!(json(&sandbox, &["sync"])["counts"]["checked"], 5);
}

#[test]
fn a_quiet_second_run_says_nothing_at_all() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    let quiet = sandbox.run(&["sync", "-q"]).expect_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));

    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let loud = sandbox.run(&["sync", "-q"]).expect_code(0);
    assert!(
        loud.stdout.contains("last_name: Surname → Archer"),
        "{loud}"
    );
}

#[test]
fn a_case_change_is_modified_and_keeps_the_user() {
    let (dc, sandbox) = imported(&[person("alice")]);
    dc.rename_account("alice", "Alice");
    let result = json(&sandbox, &["sync"]);
    assert_eq!(
        result["modified"][0]["changes"],
        json!({"username": {"from": "alice", "to": "Alice"}})
    );
    assert_eq!(usernames(&sandbox), ["Alice"]);
}

#[test]
fn a_disabled_account_is_kept_and_marked() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    dc.disable(&dc.dn_of("alice"));
    let result = json(&sandbox, &["sync"]);
    assert_eq!(
        result["modified"][0]["changes"],
        json!({"enabled": {"from": true, "to": false}})
    );
    assert_eq!(user(&sandbox, "alice")["enabled"], false);
    dc.enable(&dc.dn_of("alice"));
    sandbox.run(&["sync"]).expect_code(0);
    assert_eq!(user(&sandbox, "alice")["enabled"], true);
}

#[test]
fn a_dry_run_leaves_the_store_byte_for_byte_as_it_was() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    dc.modify(&dc.dn_of("alice"), "mail", Some("new@corp.example.com"));
    dc.delete(&dc.dn_of("bob"));
    let before = sandbox.store_bytes();

    sandbox.run(&["sync", "--dry-run"]).expect_code(0);
    sandbox
        .run(&["sync", "--dry-run", "--exit-code"])
        .expect_code(3);
    assert_eq!(sandbox.store_bytes(), before);

    sandbox.run(&["sync"]).expect_code(0);
    assert_ne!(sandbox.store_bytes(), before, "the check can fail");
    sandbox
        .run(&["sync", "--dry-run", "--exit-code"])
        .expect_code(0);
}

#[test]
fn an_unknown_name_stops_the_run_and_the_nearest_is_offered() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Changed"));
    let before = sandbox.store_bytes();

    let answer = sandbox
        .run(&["sync", "--users", "alcie,bob,zzyzx"])
        .expect_code(2);

    assert!(answer.stderr.contains("\"alcie\", \"zzyzx\""), "{answer}");
    assert!(
        answer.stderr.contains("alcie: did you mean alice?"),
        "{answer}"
    );
    assert_eq!(sandbox.store_bytes(), before);
}

#[test]
fn only_the_chosen_users_are_touched() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    for sam in ["alice", "bob", "carol"] {
        dc.modify(&dc.dn_of(sam), "sn", Some("Changed"));
    }
    let result = json(&sandbox, &["sync", "--users", "ALICE", "--users", "carol"]);
    assert_eq!(result["mode"], "selected");
    assert_eq!(named(&result["modified"]), ["alice", "carol"]);
    assert_eq!(user(&sandbox, "bob")["last_name"], "Surname");
}

#[test]
fn a_deleted_user_with_visible_tombstone_says_so() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    dc.grant_tombstones("svc-adsync");
    dc.delete(&dc.dn_of("alice"));
    let result = json(&sandbox, &["sync"]);
    assert_eq!(result["deleted"][0]["evidence"], "tombstone");
    assert_eq!(usernames(&sandbox), ["bob", "carol"]);
}

#[test]
fn a_deleted_user_is_restored_as_it_was_and_left_alone() {
    for sees_tombstones in [false, true] {
        let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
        if sees_tombstones {
            dc.grant_tombstones("svc-adsync");
        }
        let mut before = user(&sandbox, "alice");
        dc.delete(&dc.dn_of("alice"));
        sandbox.run(&["sync"]).expect_code(0);
        if !sees_tombstones {
            assert_eq!(user(&sandbox, "alice")["status"], "missing");
            crate::a_day_passes(&sandbox);
            sandbox.run(&["sync"]).expect_code(0);
        }
        assert_eq!(usernames(&sandbox), ["bob", "carol"]);

        let restored = json(&sandbox, &["restore", "alice"]);
        assert_eq!(named(&restored["restored"]), ["alice"]);
        before["status"] = "restored".into();
        let as_it_was = |mut user: Value| {
            user["synced_at"].take();
            user
        };
        for _ in 0..3 {
            assert_eq!(
                as_it_was(user(&sandbox, "alice")),
                as_it_was(before.clone())
            );
            assert_eq!(json(&sandbox, &["sync"])["counts"]["unchanged"], 3);
        }
    }
}

#[test]
fn import_by_name_takes_sam_upn_and_mail() {
    let dc = SambaDc::start();
    dc.add_all(&[
        person("alice"),
        person("bob"),
        person("carol").upn("carol.c@corp.example.com"),
        person("dave"),
    ]);
    let sandbox = Sandbox::for_dc(&dc);
    let result = json(
        &sandbox,
        &[
            "import",
            "--users",
            "ALICE,bob@corp.example.com",
            "--users",
            "carol.c@corp.example.com",
        ],
    );
    assert_eq!(named(&result["imported"]), ["alice", "bob", "carol"]);
    assert_eq!(result["mode"], "selected");

    let typo = sandbox
        .run(&["import", "--users", "dvae,alice"])
        .expect_code(2);
    assert!(typo.stderr.contains("did you mean dave?"), "{typo}");
    assert_eq!(usernames(&sandbox), ["alice", "bob", "carol"]);
}

#[test]
fn search_marks_who_is_imported_and_who_would_be_a_duplicate() {
    let (dc, sandbox) = imported(&[person("anna")]);
    sandbox
        .run(&["add", "local", "--email", "ANDY@corp.example.com"])
        .expect_code(0);
    dc.add_all(&[
        person("andy"),
        person("zoe").attribute("displayName", "Andrea Zoe"),
        person("other"),
    ]);

    let found = json(&sandbox, &["search", "an"]);

    let them = found["users"].as_array().expect("users");
    let standing: Vec<_> = them
        .iter()
        .map(|user| (user["username"].as_str(), user["status"].as_str()))
        .collect();
    assert_eq!(
        standing,
        [
            (Some("andy"), Some("duplicate")),
            (Some("anna"), Some("imported")),
            (Some("zoe"), Some("new"))
        ]
    );
    assert!(
        them[0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("held by local"))
    );
    // A wildcard is a character like any other.
    assert_eq!(json(&sandbox, &["search", "*"])["users"], json!([]));
}

#[test]
fn the_fallback_of_a_mapping_is_used_where_the_first_has_no_value() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), User::new("bob")]);
    let mut settings = crate::support::adsync::Settings::for_dc(&dc);
    settings.more_attributes = "email = [\"mail\", \"userPrincipalName\"]".to_owned();
    let sandbox = Sandbox::new(&settings);
    sandbox.run(&["import", "--all"]).expect_code(0);
    assert_eq!(user(&sandbox, "alice")["email"], "alice@corp.example.com");
    assert_eq!(user(&sandbox, "bob")["email"], "bob@corp.example.com");
}
