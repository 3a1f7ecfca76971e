//! `import --group`: all members, nested ones included, however many.

use testdir::{Kind, TestDir, What, When};

use crate::support::embedded::{DOMAIN, Stage, assert_says, names};

/// Adds a group with these members: usernames or DNs.
fn add_group(stage: &Stage, name: &str, members: &[&str]) -> String {
    let dn = format!("CN={name},OU=Groups,{DOMAIN}");
    stage.change(|directory| {
        directory.add(
            &dn,
            [
                ("objectClass", "group"),
                ("sAMAccountName", name),
                ("cn", name),
            ],
        )?;
        directory.add_members(&dn, members.iter().copied())
    });
    dn
}

/// `Sales` holds alice and `Exports`, `Exports` holds bob and `Sales` again; carol is in neither.
fn with_a_circle() -> (Stage, String) {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let exports = add_group(&stage, "Exports", &["bob"]);
    let sales = add_group(&stage, "Sales", &["alice", &exports]);
    stage.change(|directory| directory.add_members(&exports, [sales.as_str()]));
    (stage, sales)
}

#[test]
fn nested_groups_in_a_circle() {
    let (stage, _) = with_a_circle();
    let run = stage.json(0, &["import", "--group", "Sales"]);
    assert_eq!(names(&run, "imported"), ["alice", "bob"]);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
}

#[test]
fn by_name_in_any_case_and_by_dn() {
    for by_dn in [false, true] {
        let (stage, sales) = with_a_circle();
        let group = if by_dn { sales.as_str() } else { "sALES" };
        let run = stage.json(0, &["import", "--group", group]);
        assert_eq!(names(&run, "imported"), ["alice", "bob"], "{group}");
    }
}

#[test]
fn a_group_that_is_not_there() {
    let (stage, _) = with_a_circle();
    let answer = stage.run(&["import", "--group", "Slaes"]).expect_code(2);
    assert_says(
        &answer,
        &["no group \"Slaes\"", DOMAIN, "did you mean Sales?"],
    );
    let dn = format!("CN=Nobody,{DOMAIN}");
    let answer = stage.run(&["import", "--group", &dn]).expect_code(2);
    assert_says(&answer, &["no group", &dn]);
    assert_eq!(stage.usernames(), [] as [&str; 0]);
}

#[test]
fn two_groups_of_one_name() {
    let (stage, sales) = with_a_circle();
    let other = format!("CN=Sales,OU=Archive,{DOMAIN}");
    stage.change(|directory| directory.add(&other, [("objectClass", "group")]));
    let answer = stage.run(&["import", "--group", "Sales"]).expect_code(2);
    assert_says(&answer, &["several groups", &sales, &other, "whole DN"]);
}

#[test]
fn a_name_cannot_leave_its_place() {
    let (stage, _) = with_a_circle();
    for name in ["*", "Sal*", "*)(objectClass=*", "Sales)(|(cn=*", "\\2a"] {
        let answer = stage.run(&["import", "--group", name]).expect_code(2);
        assert_says(&answer, &["no group"]);
    }
}

#[test]
fn more_members_than_one_answer_holds() {
    let stage = Stage::with_many(1602);
    let members: Vec<String> = (1..=1601).map(|i| format!("u{i:06}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    add_group(&stage, "Everybody", &members);
    let run = stage.json(0, &["import", "--group", "Everybody"]);
    assert_eq!(run["counts"]["imported"], 1601);
}

/// A server that is not Active Directory is walked group by group.
#[test]
fn a_plain_server_is_walked_to_the_last_member() {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start();
    let stage = plain_stage(directory.expect("a free port"));
    stage.change(|directory| directory.add_users(1602));
    let dn_of = |i: usize| format!("uid=u{i:06},OU=Staff,{DOMAIN}");
    let members: Vec<String> = (1..=1599).map(dn_of).collect();
    let [inner, outer] = ["inner", "outer"].map(|name| format!("cn={name},ou=groups,{DOMAIN}"));
    stage.change(|directory| {
        directory.add(&inner, [("objectClass", "groupOfNames")])?;
        directory.add(&outer, [("objectClass", "groupOfNames")])?;
        // The two hold each other.
        directory.add_members(&inner, [dn_of(1600).as_str(), dn_of(1601).as_str(), &outer])?;
        directory.add_members(&outer, members.iter().map(String::as_str))?;
        directory.add_members(&outer, [inner.as_str()])
    });
    let run = stage.json(0, &["import", "--group", "outer"]);
    assert_eq!(run["counts"]["imported"], 1601);
    assert!(!stage.usernames().contains(&"u001602".to_owned()));
}

/// A server that sends the same range again and again would be asked for ever.
#[test]
fn a_range_that_does_not_go_on_ends_the_import() {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start();
    let stage = plain_stage(directory.expect("a free port"));
    stage.change(|directory| directory.add_users(3));
    let dn = format!("cn=outer,ou=groups,{DOMAIN}");
    stage.change(|directory| directory.add(&dn, [("objectClass", "groupOfNames")]));
    let element = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).expect("a short element");
        [&[tag, 0x84], &length.to_be_bytes()[..], content].concat()
    };
    let member = format!("uid=u000001,OU=Staff,{DOMAIN}");
    let values = element(0x31, &element(0x04, member.as_bytes()));
    let attribute = element(0x30, &[element(0x04, b"member;range=0-0"), values].concat());
    let attributes = element(0x30, &attribute);
    let entry = element(0x64, &[element(0x04, dn.as_bytes()), attributes].concat());
    // For each number that the request may have.
    let entries = (1..=99).flat_map(|number| {
        let message = [&[0x02, 1, number], &entry[..]].concat();
        element(0x30, &message)
    });
    let when = When::search().base_contains("cn=outer").from(2);
    let what = What::Garbage(entries.collect());
    stage.directory.fault(when, what);
    let answer = stage.run(&["import", "--group", &dn]).expect_code(5);
    let said = "member;range=0-0 does not go on where member was left";
    assert_says(&answer, &[said, "the members of cn=outer"]);
}

fn plain_stage(directory: TestDir) -> Stage {
    let mut stage = Stage::around(directory);
    crate::plain_ldap::map(&mut stage);
    stage
}
