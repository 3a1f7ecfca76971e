//! `exclude` under `[directory]`: usernames that are left out of the scope.

use crate::support::embedded::{Stage, names};

#[test]
fn who_is_left_out_is_not_imported_and_out_of_scope_afterwards() {
    let mut stage = Stage::imported(&["alice", "svc-mail"]);
    stage.change(|directory| directory.add_user("SVC-backup"));
    stage.configure_directory("exclude = ['svc-*', 'x(*)\\']");
    for way in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--users", "svc-mail"],
    ] {
        let run = stage.json(0, way);
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        assert_eq!(stage.user("svc-mail")["status"], "out_of_scope");
        assert_eq!(stage.user("alice")["status"], "ok");
    }
    let run = stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), Vec::<String>::new());
    // Who is named is told why nobody is found.
    let answer = stage
        .run(&["import", "--users", "svc-backup"])
        .expect_code(2);
    assert!(answer.stderr.contains("does not match filter"), "{answer}");
}

#[test]
fn a_pattern_for_everybody_is_refused() {
    for pattern in ["*", "**", ""] {
        let mut stage = Stage::imported(&["alice"]);
        stage.configure_directory(&format!("exclude = [{pattern:?}]"));
        let answer = stage.run(&["sync"]).expect_code(2);
        assert!(answer.stderr.contains("leaves everybody out"), "{answer}");
    }
}
