use crate::support::embedded::Stage;
use testdir::User;
#[test]
fn scratch() {
    for (a, b) in [
        ("STRASSE", "dora"),
        ("alice", "bob"),
        ("strasse", "bob"),
        ("STRASSE2", "bob"),
    ] {
        for names in [
            format!("{a},{b}"),
            format!("{b},{a}"),
            format!("{a},{b},{a}"),
        ] {
            let stage = Stage::with(&[]);
            stage.change(|d| d.add_user(User::new(a)));
            stage.change(|d| d.add_user(User::new(b)));
            stage.run(&["import", "--all"]).expect_code(0);
            stage.change(|d| d.forget(a));
            let r = stage.run(&[
                "-v",
                "sync",
                "--users",
                &names,
                "--delete-missing",
                "--format",
                "json",
            ]);
            println!("{names} {} {}", r.json()["missing"], r.json()["deleted"]);
        }
    }
}
