//! Several domains in one store: each settings file reads its own, and a user of another is foreign to it.

use crate::modes::{ALL, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{assert_says, names, text};
use crate::support::plain::{Person, PlainServer, SUFFIX};
use crate::support::samba::{BRANCH, CORP, REBUILT, SERVICE_ACCOUNT, SambaDc, User};
use crate::{import, json, person, user, users};

/// A domain with 60 users and one with four, all of them in one store. The settings lead to the larger.
fn two_domains() -> (SambaDc, SambaDc, Sandbox) {
    let corp = SambaDc::start();
    corp.add_users(60);
    let branch = SambaDc::builder().domain(&BRANCH).start();
    let four = ["anna", "bert", "cora", "dirk"];
    branch.add_all(&four.map(|sam| person(sam).ou(BRANCH.staff_dn)));
    let sandbox = Sandbox::for_dc(&branch);
    import(&sandbox, "dirk");
    sandbox.configure(&Settings::for_dc(&corp));
    import(&sandbox, "user0060");
    assert_eq!(users(&sandbox).len(), 64);
    (corp, branch, sandbox)
}

#[test]
fn a_run_touches_nobody_of_another_domain() {
    let (corp, branch, sandbox) = two_domains();
    branch.delete(&branch.dn_of("anna"));
    for (settings, own, foreign, somebody) in [
        (Settings::for_dc(&corp), 60, 4, "user0001"),
        (Settings::for_dc(&branch), 4, 60, "bert"),
    ] {
        sandbox.configure(&settings);
        let first = json(&sandbox, 0, &["sync"]);
        assert_eq!(names(&first, "deleted"), [""; 0], "{first:#}");
        for more in [&[][..], &["--allow-deletes", "64"]] {
            for run in sync(&sandbox, &ALL, &[somebody], more) {
                let found = run.json(0);
                assert_eq!(names(&found, "deleted"), [""; 0], "{}", run.answer);
                assert_eq!(run.users.len(), 64, "{}", run.answer);
                assert_eq!(names(&found, "out_of_scope"), [""; 0], "{}", run.answer);
                if found["mode"] != "selected" {
                    assert_eq!(found["counts"]["foreign"], foreign, "{}", run.answer);
                    assert_eq!(found["counts"]["checked"], own, "{}", run.answer);
                }
            }
        }
    }
    // Each domain is kept in step by its own settings, tombstones and marks.
    let missing = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&missing, "missing"), ["anna"]);
    let deleted = json(&sandbox, 0, &["sync", "--delete-missing"]);
    assert_eq!(names(&deleted, "deleted"), ["anna"]);
    assert_eq!(users(&sandbox).len(), 63);
}

#[test]
fn each_user_has_its_domain() {
    let (_corp, _branch, sandbox) = two_domains();
    assert_eq!(text(&user(&sandbox, "anna"), "domain"), BRANCH.base_dn);
    assert_eq!(text(&user(&sandbox, "user0001"), "domain"), CORP.base_dn);
}

/// The mark of one is not the other's.
#[test]
fn each_domain_has_a_change_mark_of_its_own() {
    let (corp, branch, sandbox) = two_domains();
    for n in 1..=3 {
        let name = format!("Name{n}");
        for (dc, sam) in [(&corp, "user0007"), (&branch, "bert")] {
            sandbox.configure(&Settings::for_dc(dc));
            dc.modify(&dc.dn_of(sam), "sn", Some(&name));
            let run = json(&sandbox, 0, &["sync"]);
            assert_eq!(names(&run, "modified"), [sam], "{run:#}");
            assert_eq!(run["mode"], "delta", "{run:#}");
        }
    }
}

/// The guard counts a share of the users of the domain, not of the store.
#[test]
fn the_share_that_may_go_is_one_of_the_domain() {
    let branch = SambaDc::builder().domain(&BRANCH).start();
    let corp = SambaDc::start();
    let ten: Vec<User> = (1..=10)
        .map(|n| person(&format!("branch{n}")).ou(BRANCH.staff_dn))
        .collect();
    branch.add_all(&ten);
    corp.add_users(100);
    branch.grant_tombstones(SERVICE_ACCOUNT);
    let sandbox = Sandbox::for_dc(&corp);
    import(&sandbox, "user0100");
    sandbox.configure(&Settings::for_dc(&branch));
    import(&sandbox, "branch10");
    // More than a tenth of ten and than five, and less than a tenth of all.
    for n in 1..=6 {
        branch.delete(&branch.dn_of(&format!("branch{n}")));
    }
    for run in sync(&sandbox, &ALL[..2], &[], &[]) {
        assert_eq!(run.code, 4, "{}", run.answer);
        assert_eq!(run.users.len(), 110);
    }
}

/// The settings were pointed to another domain, or the store was.
#[test]
fn a_run_to_which_everybody_is_foreign_is_refused() {
    let branch = SambaDc::builder().domain(&BRANCH).start();
    branch.add_all(&["anna", "bert"].map(|sam| person(sam).ou(BRANCH.staff_dn)));
    let corp = SambaDc::start();
    corp.add_users(3);
    let sandbox = Sandbox::for_dc(&branch);
    import(&sandbox, "bert");
    let before = users(&sandbox);

    sandbox.configure(&Settings::for_dc(&corp));
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--delete-missing"],
        &["sync", "--dry-run"],
    ] {
        let refused = sandbox.run(arguments).expect_code(2);
        assert_says(&refused, &[CORP.base_dn, BRANCH.base_dn, "hint: "]);
    }
    let refused = sandbox.run(&["sync", "--users", "anna"]).expect_code(2);
    assert_says(&refused, &[CORP.base_dn, "anna", "hint: "]);
    assert_eq!(users(&sandbox), before);
    // Whoever really wants both imports them.
    json(&sandbox, 0, &["import", "--all"]);
    json(&sandbox, 0, &["sync"]);
    assert_eq!(users(&sandbox).len(), 5);
}

/// A domain that was made anew has its old name and is another one.
#[test]
fn a_domain_of_the_same_name_is_not_the_same_domain() {
    let old = SambaDc::start();
    old.add_users(5);
    let sandbox = Sandbox::for_dc(&old);
    import(&sandbox, "user0005");
    let new = SambaDc::builder().domain(&REBUILT).start();
    new.add_users(5);
    sandbox.configure(&Settings::for_dc(&new));
    for arguments in [&["sync"][..], &["sync", "--delete-missing"]] {
        let refused = sandbox.run(arguments).expect_code(2);
        // The names say nothing here.
        assert_says(&refused, &[CORP.base_dn, "another domain", "hint: "]);
    }
    assert_eq!(users(&sandbox).len(), 5);
}

/// Elsewhere the naming context is known by its DN.
#[test]
fn a_directory_that_is_not_ad_is_a_domain_too() {
    let dc = SambaDc::builder().domain(&BRANCH).start();
    dc.add_all(&["anna", "bert", "cora", "dirk"].map(|sam| person(sam).ou(BRANCH.staff_dn)));
    let server = PlainServer::openldap();
    server.add_all(&["xaver", "yves"].map(Person::new));
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "dirk");
    sandbox.configure(&server.settings());
    import(&sandbox, "yves");
    assert_eq!(text(&user(&sandbox, "xaver"), "domain"), SUFFIX);
    for (settings, foreign) in [(server.settings(), 4), (Settings::for_dc(&dc), 2)] {
        sandbox.configure(&settings);
        for arguments in [&["sync"][..], &["sync", "--full", "--delete-missing"]] {
            let run = json(&sandbox, 0, arguments);
            assert_eq!(run["counts"]["foreign"], foreign, "{run:#}");
            assert_eq!(names(&run, "missing"), [""; 0], "{run:#}");
        }
    }
    assert_eq!(users(&sandbox).len(), 6);
}
