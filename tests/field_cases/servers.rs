//! That the servers of these tests are what they say.

use crate::modes::Store;
use crate::support::plain::{PEOPLE, Person, PlainServer, dn_of};
use crate::support::samba::{BASE_DN, BRANCH, CORP, REBUILT, SambaDc, Search};
use crate::{Account, json, person, six, users};

fn head(dc: &SambaDc) -> String {
    dc.entry(dc.domain().base_dn).expect("the head").guid()
}

#[test]
fn domains_have_different_heads_and_copies_of_one_the_same() {
    let dcs = [&CORP, &BRANCH, &REBUILT].map(|it| SambaDc::builder().domain(it).start());
    let heads = dcs.each_ref().map(head);
    assert_ne!(heads[0], heads[1]);
    assert_ne!(heads[0], heads[2]);
    assert_eq!(heads[0], head(&SambaDc::start()));
    assert_eq!(dcs[2].domain().base_dn, BASE_DN);
    let dn = dcs[1].add_user(&person("anna").ou(BRANCH.staff_dn));
    assert_eq!(dcs[1].dn_of("anna"), dn);
}

#[test]
fn a_second_controller_lags_behind_until_it_catches_up() {
    let mut first = SambaDc::start();
    first.add_user(&person("alice"));
    let mut second = first.second_controller();
    first.add_user(&person("bob"));
    let invocation = |dc: &SambaDc| {
        let settings = dc.entry(&dc.service_dn()).expect("its own settings");
        settings.bytes("invocationId").map(<[u8]>::to_vec)
    };
    let (own, of_first) = (invocation(&second), invocation(&first));
    assert_ne!(own, of_first);
    assert_eq!(head(&first), head(&second));
    assert_eq!(first.guid_of("alice"), second.guid_of("alice"));
    let knows_bob = |dc: &SambaDc| !dc.search(&Search::new("(sAMAccountName=bob)")).is_empty();
    assert!(knows_bob(&first) && !knows_bob(&second));
    second.catch_up_with(&mut first);
    assert!(knows_bob(&second));
    assert_eq!((invocation(&second), invocation(&first)), (own, of_first));
}

#[test]
fn servers_that_are_not_ad_answer_and_come_back_with_their_content() {
    for mut server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add(&Person::new("alice").set("mail", &["b@example.com", "a@example.com"]));
        let read = |server: &PlainServer| server.search(PEOPLE, &["(uid=alice)", "*", "entryUUID"]);
        let before = read(&server);
        for line in ["mail: b@example.com\nmail: a@example.com", "entryUUID: "] {
            assert!(before.contains(line), "{line}: {before}");
        }
        server.restart();
        assert_eq!(read(&server), before);
        server.delete(&dn_of("alice"));
        assert_eq!(read(&server), "");
    }
}

#[test]
fn a_store_is_put_back_as_it_was() {
    let (dc, sandbox) = six(Account::Ordinary);
    let (store, before) = (Store::of(&sandbox), users(&sandbox));
    dc.rename_account("alice", "alice.archer");
    json(&sandbox, 0, &["sync"]);
    assert_ne!(users(&sandbox), before);
    store.put_back(&sandbox);
    assert_eq!(users(&sandbox), before);
}
