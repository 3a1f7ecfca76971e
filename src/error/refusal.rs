//! The message for a refused plan: how many, the likely cause, and the flag that allows it.

use super::{Failure, Kind};
use crate::plan::{Evidence, Plan, Subject, indefinite};
use crate::run::execute::{Refused, SettingsChange};
use crate::store::{Mode, Run};
use crate::user::{Field, Status};

/// Words the reason for refusing a plan.
pub fn explain(refused: &Refused, plan: &Plan, run: &Run) -> Failure {
    let (refusal, change) = match refused {
        Refused::ByGuard(refusal, change) => (refusal, change),
        Refused::ByPerson(why) => {
            return Failure::new(Kind::Failed, format!("{why}; nothing was changed"));
        }
    };
    let message = format!("refused: {refusal}; nothing was changed");
    let cause = match (run.undoes, change) {
        (Some(undone), _) => {
            format!("`adsync history {undone}` shows what run {undone} did, which this takes back")
        }
        (None, Some(change)) => settings_changed(change),
        (None, None) => likely(refusal.subject(), plan, run),
    };
    let number = refusal.users();
    let meant = match number {
        1 => "it is".to_owned(),
        several => format!("all {several} are"),
    };
    let what = refusal.subject().name();
    let hint = format!("{cause}; if {meant} meant, say --allow-{what} {number}");
    Failure::new(Kind::Guard, message).hint(hint)
}

fn settings_changed(change: &SettingsChange) -> String {
    let changed = change.differences.iter().map(|(name, before, now)| {
        let name = name.strip_prefix("attributes.").unwrap_or(name);
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        format!("{name}: {} → {}", text(before), text(now))
    });
    let changed: Vec<String> = changed.collect();
    let changed = changed.join("; ");
    format!("the settings changed since run {}: {changed}", change.run)
}

/// The likely cause if the settings have not changed.
fn likely(subject: Subject, plan: &Plan, run: &Run) -> String {
    match subject {
        Subject::Deleted if deletes(plan, Evidence::OutOfScope) => {
            "check base_dn and filter: who is outside is deleted (out_of_scope = \"delete\")".to_owned()
        }
        Subject::Deleted if deletes(plan, Evidence::Absent) => {
            "check in the directory whether they were deleted; the account may have lost the right to see them"
                .to_owned()
        }
        Subject::Deleted => "check in the directory whether that many were deleted".to_owned(),
        // A run that reads those who changed reads those who lost their values, and nobody else.
        Subject::Cleared(field) if run.mode == Mode::Full && plan.sample.has_nobody_with(field) => format!(
            "none of the users that were read has {}; the account may have lost the right to read {}",
            indefinite(field),
            attributes(field, run)
        ),
        Subject::Cleared(field) => format!(
            "check in the directory whether the {} was removed; the account may have lost the right to read {}",
            field.label(),
            attributes(field, run)
        ),
        Subject::Disabled if disables_outside(plan) => {
            "check base_dn and filter: who is outside is disabled (out_of_scope = \"disable\")".to_owned()
        }
        Subject::Disabled => {
            "check in the directory whether that many accounts were disabled".to_owned()
        }
        Subject::Modified => {
            "check what would change; an attribute may mean something else now".to_owned()
        }
        Subject::Missing => {
            "the account may have lost the right to see them, or the domain controller lags behind"
                .to_owned()
        }
    }
}

/// The attributes that a field is read from, as the settings name them.
fn attributes(field: Field, run: &Run) -> String {
    let setting = format!("attributes.{}", field.name());
    let named = run.settings.as_ref().and_then(|it| it.get(&setting));
    named.map_or_else(|| indefinite(field), str::to_owned)
}

fn deletes(plan: &Plan, evidence: Evidence) -> bool {
    plan.deleted.iter().any(|it| it.evidence == evidence)
}

/// Whether users would be disabled because they left the scope.
fn disables_outside(plan: &Plan) -> bool {
    plan.modified.iter().any(|it| {
        let is_outside = it.next.status == Status::OutOfScope;
        is_outside && it.user.values.enabled && !it.next.values.enabled
    })
}
