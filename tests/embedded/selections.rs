//! Whom `import` and `search` find, and that a name never is more than a name.

use testdir::User;

use crate::support::embedded::{DOMAIN, ELSEWHERE, STAFF, Stage, assert_says, names, text};

fn import(stage: &Stage, code: i32, arguments: &[&str]) -> Vec<String> {
    let run = stage.json(code, &[&["import"], arguments].concat());
    names(&run, "imported")
}

#[test]
fn by_username_principal_name_and_mail() {
    for name in [
        "alice",
        "ALICE",
        "alice@corp.example.com",
        "Alice@Example.com",
    ] {
        let stage = Stage::with(&["alice", "bob"]);
        assert_eq!(import(&stage, 0, &["--users", name]), ["alice"], "{name}");
    }
    let stage = Stage::with(&["alice", "bob", "carol", "dave"]);
    let several = ["--users", "alice,bob@example.com", "--users", "carol"];
    assert_eq!(import(&stage, 0, &several), ["alice", "bob", "carol"]);
}

#[test]
fn one_user_under_two_names_is_imported_once() {
    let stage = Stage::with(&["alice"]);
    let both = "alice,alice@example.com";
    assert_eq!(import(&stage, 0, &["--users", both]), ["alice"]);
}

#[test]
fn unknown_names_are_all_listed_with_the_nearest() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let answer = stage
        .run(&["import", "--users", "bob,alcie,crol,zzz"])
        .expect_code(2);
    assert_says(
        &answer,
        &[
            "\"alcie\"",
            "\"crol\"",
            "\"zzz\"",
            STAFF,
            "alcie: did you mean alice?",
            "crol: did you mean carol?",
        ],
    );
    assert!(!answer.stderr.contains("\"bob\""), "{answer}");
    assert_eq!(stage.usernames(), [] as [&str; 0], "not even bob");

    let stage = Stage::imported(&["alice", "bob"]);
    let answer = stage.run(&["sync", "--users", "bob,alcie"]).expect_code(2);
    assert_says(&answer, &["\"alcie\"", "did you mean alice?"]);
}

#[test]
fn a_mail_address_of_two_users_is_ambiguous() {
    let stage = Stage::with(&["alice", "bob"]);
    stage.set("bob", "mail", "alice@example.com");
    let answer = stage
        .run(&["import", "--users", "alice@example.com"])
        .expect_code(2);
    assert_says(
        &answer,
        &[
            "means more than one user",
            "alice, bob",
            "hint: name the user by username",
        ],
    );
    assert_eq!(stage.usernames(), [] as [&str; 0]);
    assert_eq!(import(&stage, 0, &["--users", "alice"]), ["alice"]);
}

#[test]
fn by_organisational_unit() {
    let stage = Stage::with(&["alice"]);
    let sales = format!("OU=Sales,{STAFF}");
    stage.change(|directory| directory.add_user(User::new("bob").below(&sales)));
    assert_eq!(import(&stage, 0, &["--ou", &sales]), ["bob"]);

    let answer = stage
        .run(&["import", "--ou", &format!("OU=Slaes,{STAFF}")])
        .expect_code(2);
    assert_says(&answer, &["OU=Slaes", "hint: "]);
    let answer = stage.run(&["import", "--ou", ELSEWHERE]).expect_code(2);
    assert_says(&answer, &[ELSEWHERE, "is not in the base", STAFF]);
    let answer = stage.run(&["import", "--ou", "Sales"]).expect_code(2);
    assert_says(&answer, &["Sales", "hint: "]);
}

#[test]
fn by_filter_within_the_scope() {
    let stage = Stage::with(&["alice", "bob"]);
    stage.change(|directory| directory.add_user(User::new("bobby").below(ELSEWHERE)));
    assert_eq!(import(&stage, 0, &["--filter", "(cn=bob*)"]), ["bob"]);
    let answer = stage.run(&["import", "--filter", "(cn=bob"]).expect_code(2);
    assert_says(&answer, &["(cn=bob", "no LDAP filter"]);
    let answer = stage
        .run(&["import", "--filter", "(department=nothing)"])
        .expect_code(0);
    assert_says(&answer, &["warning: the selection has no users"]);
}

#[test]
fn importing_again_brings_in_step_and_deletes_nobody() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.delete("bob"));
    let run = stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(run["counts"]["deleted"], 0);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
}

#[test]
fn a_name_is_never_a_filter() {
    let stage = Stage::with(&["alice", "bob"]);
    for name in [
        "*",
        "a*",
        "*)(cn=*",
        "alice)(|(cn=*",
        "\\2a",
        "alice\0",
        "(objectClass=*)",
    ] {
        if name.contains('\0') {
            continue; // No argument of a program can hold it.
        }
        let answer = stage.run(&["import", "--users", name]).expect_code(2);
        assert_says(&answer, &["no user"]);
        let found = stage.json(0, &["search", name]);
        assert_eq!(names(&found, "users"), [] as [&str; 0], "{name}");
    }
    assert_eq!(stage.usernames(), [] as [&str; 0]);

    let stage = Stage::imported(&["alice", "bob"]);
    for name in ["*", "a%", "alice' OR '1'='1", "*)(cn=*"] {
        let answer = stage.run(&["sync", "--users", name]).expect_code(2);
        assert_says(&answer, &["no user", "in the store"]);
    }
}

#[test]
fn names_with_every_awkward_character_are_found() {
    for name in [
        "Smith, Ann",
        "a*b",
        "back\\slash",
        "(paren)",
        "#hash",
        "quo\"te",
        "ÉLODIE",
        "łukasz",
        "🦀",
    ] {
        let stage = Stage::with(&["alice"]);
        stage.change(|directory| directory.add_user(User::new(name).email("x@example.com")));
        let found = stage.json(0, &["search", name]);
        assert_eq!(names(&found, "users"), [name]);
        stage.run(&["import", "--all"]).expect_code(0);
        stage.set(name, "mail", "y@example.com");
        let run = stage.json(0, &["sync", "--users", name]);
        assert_eq!(names(&run, "modified"), [name]);
    }
}

#[test]
fn a_search_tells_what_an_import_would_make_of_each() {
    let stage = Stage::with(&["anna", "anne", "ann"]);
    stage.run(&["import", "--users", "anna"]).expect_code(0);
    stage
        .run(&["add", "local", "--email", "ANNE@example.com"])
        .expect_code(0);
    let found = stage.json(0, &["search", "AN"]);
    let users = found["users"].as_array().expect("a list");
    let told: Vec<(String, String)> = users
        .iter()
        .map(|user| (text(user, "username"), text(user, "status")))
        .collect();
    let expected = [("ann", "new"), ("anna", "imported"), ("anne", "duplicate")];
    let expected = expected.map(|(name, status)| (name.to_owned(), status.to_owned()));
    assert_eq!(told, expected);
    let reason = text(&users[2], "reason");
    assert!(
        reason.contains("email") && reason.contains("local"),
        "{reason}"
    );

    let table = stage.run(&["search", "an"]).expect_code(0);
    for row in ["duplicate: email", "imported", "new"] {
        assert!(table.stdout.contains(row), "{table}");
    }
}

#[test]
fn a_search_looks_at_every_name() {
    let stage = Stage::with(&[]);
    let user = User::new("u1")
        .first_name("Zelda")
        .last_name("Young")
        .email("xenia@example.com")
        .with("displayName", ["Wanda W"]);
    stage.change(|directory| directory.add_user(user));
    for prefix in ["u", "zel", "YOU", "Xen", "wan"] {
        let found = stage.json(0, &["search", prefix]);
        assert_eq!(names(&found, "users"), ["u1"], "{prefix}");
    }
    let found = stage.json(0, &["search", "elda"]);
    assert_eq!(names(&found, "users"), [] as [&str; 0]);
}

#[test]
fn a_search_stays_in_the_scope() {
    let stage = Stage::with(&["alice"]);
    stage.change(|directory| directory.add_user(User::new("alina").below(ELSEWHERE)));
    assert_eq!(
        names(&stage.json(0, &["search", "ali"]), "users"),
        ["alice"]
    );
    assert!(ELSEWHERE.ends_with(DOMAIN));
}

#[test]
fn who_is_outside_the_base_is_told_where() {
    let stage = Stage::imported(&["alice"]);
    stage.change(|directory| directory.add_user("bob"));
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    let answer = stage.run(&["import", "--users", "bob"]).expect_code(2);
    let said = format!("bob is CN=bob,{ELSEWHERE}, which is not below base_dn");
    assert!(answer.stderr.contains(&said), "{answer}");
}

#[test]
fn a_name_may_have_a_comma() {
    let stage = Stage::with(&["alice", "bob"]);
    stage.set("alice", "mail", "lee, alice@example.com");
    let named = ["--users", "lee, alice@example.com", "--users", "bob"];
    assert_eq!(import(&stage, 0, &named), ["alice", "bob"]);
}
