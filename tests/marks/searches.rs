//! What a run by change mark asks of the directory, and no more.

use testdir::{LoggedSearch, Scope, User};

use crate::mark::{
    delta, full, highest_usn, mark, marked, marked_with_tombstones, set_mark,
    something_else_changes, sweep,
};
use crate::support::embedded::{DOMAIN, STAFF, Stage};

/// What a run by change mark asks.
#[track_caller]
fn asked(stage: &Stage) -> Vec<LoggedSearch> {
    stage.directory.reset_stats();
    delta(stage, 0);
    stage.directory.searches()
}

/// Imported users, `u000001` and on, and a mark.
fn marked_many(count: usize) -> Stage {
    let stage = Stage::imported_many(count);
    full(&stage, 0);
    stage
}

#[test]
fn with_nothing_changed_it_asks_two_questions() {
    for stage in [marked(&["alice"]), marked_with_tombstones(&["alice"])] {
        let searches = asked(&stage);
        let bases: Vec<&str> = searches.iter().map(|it| it.base.as_str()).collect();
        assert_eq!(bases, ["", &mark(&stage).service], "{searches:#?}");
    }
}

#[test]
fn a_run_of_named_users_asks_who_answers_and_for_them() {
    let stage = marked(&["alice", "bob"]);
    let service = mark(&stage).service;
    let bases = |stage: &Stage| -> Vec<String> {
        stage.directory.reset_stats();
        stage.run(&["sync", "--users", "alice,bob"]).expect_code(0);
        let searches = stage.directory.searches();
        searches.into_iter().map(|it| it.base).collect()
    };
    assert_eq!(bases(&stage), ["", &service, STAFF]);
    // A controller that the store does not know is asked which domain it has, once.
    let forgotten = crate::support::store::open(&stage).execute_batch(
        "UPDATE users SET found_on = NULL; DELETE FROM controllers; DELETE FROM marks;",
    );
    assert_eq!(forgotten, Ok(()));
    assert_eq!(bases(&stage), ["", &service, DOMAIN, STAFF]);
    assert_eq!(bases(&stage), ["", &service, STAFF]);
}

#[test]
fn who_is_missing_costs_the_same_few_questions_in_every_run() {
    let stage = marked_many(450);
    stage.change(|directory| directory.delete("u000007"));
    crate::mark::in_mode(&stage, 0, &["sync"], "delta");
    for _ in 0..2 {
        let searches = asked(&stage);
        // Not everybody is asked for, though the account does not see deleted objects: a few others, to see that
        // it finds anybody, and what is left where the user was.
        let identities = |it: &LoggedSearch| it.filter.matches("objectGUID=").count();
        let asked_for: usize = searches.iter().map(identities).sum();
        assert!(asked_for <= 200, "{asked_for}: {searches:#?}");
        assert_eq!(searches.len(), 10, "{searches:#?}");
    }
}

#[test]
fn with_nobody_changed_it_asks_three_questions() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    let mark = mark(&stage);
    something_else_changes(&stage);
    let searches = asked(&stage);
    let [root, service, changes, witnesses] = &searches[..] else {
        panic!("{searches:#?}");
    };
    assert_eq!((root.base.as_str(), root.scope), ("", Scope::Base));
    for attribute in ["dsServiceName", "highestCommittedUSN"] {
        assert!(
            root.attributes.iter().any(|it| it == attribute),
            "{root:#?}"
        );
    }

    assert_eq!((&service.base, service.scope), (&mark.service, Scope::Base));
    assert_eq!(service.attributes, ["invocationId"]);

    assert_eq!(
        (changes.base.as_str(), changes.scope),
        (DOMAIN, Scope::Subtree)
    );
    // Nothing beside it: each further term costs a controller without an index a look at every object.
    assert_eq!(changes.filter, format!("(uSNChanged>={})", mark.usn + 1));
    // By its USN an OU that is new is told from one that changed.
    for attribute in &changes.attributes {
        let few = ["objectGUID", "isDeleted", "objectClass", "uSNCreated"];
        assert!(few.contains(&attribute.as_str()), "{changes:#?}");
    }
    assert!(changes.show_deleted);

    assert_eq!(
        (witnesses.base.as_str(), witnesses.scope),
        (DOMAIN, Scope::Subtree)
    );
    assert_eq!(witnesses.filter.matches("objectGUID").count(), 2);
    assert_eq!(witnesses.attributes, ["objectGUID", "isDeleted"]);
    assert!(witnesses.show_deleted);
}

#[test]
fn the_witnesses_must_be_found_by_what_finds_a_change() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    something_else_changes(&stage);
    let searches = asked(&stage);
    let witnesses = searches
        .iter()
        .rfind(|it| it.show_deleted)
        .expect("a search");
    // Whoever may not read uSNChanged still finds an object by its identity alone.
    let by_usn = witnesses.filter.matches("(uSNChanged>=").count();
    assert_eq!(by_usn, 2, "{witnesses:#?}");
    assert_eq!(witnesses.filter.matches("(&(").count(), 2, "{witnesses:#?}");
}

#[test]
fn changes_of_others_cost_nothing_more() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    stage.change(|directory| directory.add_user("newcomer"));
    stage.change(|directory| directory.add_user(User::new("other").below("OU=Elsewhere")));
    stage.set("other", "mail", "other@x.org");
    let group = format!("CN=team,{STAFF}");
    stage.change(|directory| directory.add(&group, [("objectClass", "group")]));
    stage.change(|directory| directory.add_members(&group, ["alice"]));
    assert_eq!(asked(&stage).len(), 4);
}

#[test]
fn who_changed_is_read_by_identity_and_nobody_else() {
    let stage = marked_many(450);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("u000450"));
    delta(&stage, 0);
    stage.set("u000007", "mail", "new@example.com");
    let searches = asked(&stage);
    assert_eq!(searches.len(), 5, "{searches:#?}");
    assert_eq!(searches[4].base, STAFF);
    assert!(searches[4].filter.contains("(objectGUID="));
    // The rootDSE does not count.
    let sent = stage.directory.stats().entries_sent;
    assert!(sent <= 6, "{sent} entries were sent");
    assert_eq!(stage.user("u000007")["email"], "new@example.com");
}

#[test]
fn who_does_not_see_tombstones_asks_who_is_still_there_and_nothing_about_them() {
    let stage = marked_many(450);
    assert_eq!(mark(&stage).deleted_witness, None);
    something_else_changes(&stage);
    let searches = asked(&stage);
    let sweep = sweep(&searches);
    assert_eq!(sweep.len(), 3, "for 450 users, 200 at a time");
    assert_eq!(searches.len(), 7, "{searches:#?}");
    for search in &sweep {
        let few = ["1.1", "objectGUID", "isDeleted"];
        let is_short = |it: &String| few.contains(&it.as_str());
        assert!(search.attributes.iter().all(is_short), "{search:#?}");
        assert_eq!(search.scope, Scope::Subtree);
    }
    let terms = |search: &&LoggedSearch| search.filter.matches("objectGUID=").count();
    assert_eq!(sweep.iter().map(terms).sum::<usize>(), 450);
}

#[test]
fn the_mark_moves_on_with_every_run() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    for mail in ["a@x.org", "b@x.org"] {
        stage.set("alice", "mail", mail);
        stage.change(|directory| directory.add_user(mail));
        delta(&stage, 0);
        assert_eq!(mark(&stage).usn, highest_usn(&stage));
    }
    let before = mark(&stage);
    delta(&stage, 0);
    assert_eq!(mark(&stage), before, "nothing happened in between");
}

#[test]
fn changes_on_many_pages_are_all_found() {
    let mut stage = marked_many(30);
    stage.configure_directory("page_size = 3");
    for number in 1..=30 {
        let user = format!("u{number:06}");
        stage.set(&user, "mail", &format!("new{number}@example.com"));
    }
    // More than half of all are refused unasked.
    crate::mark::in_mode(&stage, 4, &["sync"], "delta");
    let said = ["sync", "--allow-modified", "30"];
    let run = crate::mark::in_mode(&stage, 0, &said, "delta");
    assert_eq!(run["counts"]["modified"], 30);
}

#[test]
fn a_server_with_small_pages_of_its_own_is_no_hindrance() {
    let directory = testdir::TestDir::builder().max_page_size(4).start();
    let stage = Stage::around(directory.expect("a free port"));
    stage.change(|directory| directory.add_users(25));
    stage.change(|directory| directory.add_user(crate::mark::WITNESS));
    stage.run(&["import", "--all"]).expect_code(0);
    set_mark(&stage);
    stage.change(|directory| directory.delete("u000009"));
    stage.set("u000020", "sn", "Other");
    let run = crate::mark::agrees(&stage, 0);
    assert_eq!(run["counts"]["modified"], 1);
    assert_eq!(run["counts"]["missing"], 1);
    crate::mark::a_day_passes(&stage);
    let run = crate::mark::agrees(&stage, 0);
    assert_eq!(run["counts"]["deleted"], 1);
}

#[test]
fn a_first_run_is_full_and_the_second_is_not() {
    let stage = Stage::imported(&["alice", "bob"]);
    assert_eq!(crate::mark::Mark::of(&stage), None, "an import sets none");
    let run = full(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 2);
    let run = delta(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 2);
    assert_eq!(run["counts"]["checked"], 2);
    let stage = marked(&["alice"]);
    let said = crate::mark::in_mode(&stage, 0, &["sync", "--all"], "delta");
    assert_eq!(said["counts"]["unchanged"], 2);
}
