//! References: a branch that another server holds is not a branch whose people are gone.

use crate::modes::{Mode, UNMARKED, sync};
use crate::support::adsync::Sandbox;
use crate::support::embedded::names;
use crate::support::plain::{PEOPLE, Person, PlainServer};
use crate::support::samba::ldif::Record;
use crate::{assert_missing, import, json, usernames};

const IN_THE_BRANCH: [&str; 3] = ["xaver", "yves", "zoe"];

/// 23 people, three of them in a branch that then becomes a reference to another server.
fn referred() -> (PlainServer, Sandbox) {
    let server = PlainServer::openldap();
    let branch = server.add_ou("branch");
    let mut people: Vec<Person> = (1..=20)
        .map(|n| Person::new(format!("user{n:02}")))
        .collect();
    people.extend(IN_THE_BRANCH.map(|uid| Person::new(uid).below(&branch)));
    server.add_all(&people);
    let sandbox = Sandbox::new(&server.settings());
    import(&sandbox, "user20");
    for uid in IN_THE_BRANCH {
        server.delete(&format!("uid={uid},{branch}"));
    }
    server.delete(&branch);
    let reference = Record::add(&branch)
        .value("objectClass", "referral")
        .value("objectClass", "extensibleObject")
        .value("ou", "branch")
        .value("ref", format!("ldap://192.0.2.1/{branch}"));
    server.apply(&reference.to_string());
    (server, sandbox)
}

/// `OpenLDAP`: referral objects
#[test]
fn a_branch_that_became_a_reference_deletes_nobody() {
    let (server, sandbox) = referred();
    let with_a_witness = [&["user01"][..], &IN_THE_BRANCH].concat();
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &UNMARKED, &with_a_witness, more) {
            assert_missing(&run.json(0), &run.users, &IN_THE_BRANCH);
        }
        for run in sync(&sandbox, &[Mode::Selected], &["zoe"], more) {
            assert_missing(&run.json(0), &run.users, &["zoe"]);
        }
    }
    let answer = sandbox.run(&["sync", "--format", "json"]).expect_code(0);
    let run = answer.json();
    for user in run["missing"].as_array().expect("a bucket") {
        let reason = user["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("refer"), "{reason}");
    }
    // Who is gone beside it is not protected by it.
    server.delete(&format!("uid=user02,{PEOPLE}"));
    json(&sandbox, 0, &["sync"]);
    for run in sync(
        &sandbox,
        &UNMARKED,
        &["user01", "user02", "zoe"],
        &["--delete-missing"],
    ) {
        let found = run.json(0);
        assert_eq!(names(&found, "deleted"), ["user02"], "{}", run.answer);
    }
    assert_eq!(usernames(&sandbox).len(), 23);
}
