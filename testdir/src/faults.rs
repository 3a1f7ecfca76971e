//! The faults that are set, and which of them are due.

use crate::fault::{Operation, What, When};

/// Something that is about to happen, for the faults to look at.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) operation: Operation,
    pub(crate) page: u32,
    pub(crate) filter: &'a str,
    pub(crate) base: &'a str,
}

impl Event<'_> {
    pub(crate) fn of(operation: Operation) -> Self {
        Event {
            operation,
            page: 1,
            filter: "",
            base: "",
        }
    }
}

/// A fault that applies to the operation at hand.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) after_entries: usize,
    pub(crate) what: What,
}

/// The faults that are set, with how often each has been met.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

#[derive(Debug)]
struct Fault {
    when: When,
    what: What,
    seen: u32,
    done: u32,
}

impl Faults {
    pub(crate) fn add(&mut self, when: When, what: What) {
        self.0.push(Fault {
            when,
            what,
            seen: 0,
            done: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn refuse_connections(&self) -> bool {
        let mut faults = self.0.iter();
        faults.any(|fault| fault.what == What::RefuseConnections)
    }

    /// The faults for this operation, each of which counts it.
    pub(crate) fn due(&mut self, event: &Event) -> Vec<Due> {
        let mut due = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.when.fits(event)) {
            fault.seen += 1;
            let is_nth = fault.when.nth.is_none_or(|nth| nth == fault.seen);
            let has_begun = fault.when.first.is_none_or(|first| first <= fault.seen);
            let is_left = fault.when.times.is_none_or(|times| fault.done < times);
            if is_nth && has_begun && is_left {
                fault.done += 1;
                due.push(Due {
                    after_entries: fault.when.after_entries,
                    what: fault.what.clone(),
                });
            }
        }
        due
    }
}

impl When {
    fn fits(&self, event: &Event) -> bool {
        let contains = |text: &str, part: &Option<String>| {
            part.as_ref()
                .is_none_or(|part| text.to_lowercase().contains(part))
        };
        self.operation == event.operation
            && self.page.is_none_or(|page| page == event.page)
            && contains(event.filter, &self.filter_contains)
            && contains(event.base, &self.base_contains)
            && self
                .base
                .as_ref()
                .is_none_or(|base| event.base.to_lowercase() == *base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(page: u32, filter: &str) -> Event<'_> {
        Event {
            page,
            filter,
            ..Event::of(Operation::Search)
        }
    }

    #[test]
    fn a_fault_comes_at_its_moment_only() {
        let mut faults = Faults::default();
        faults.add(When::page(2).filter_contains("MAIL").times(1), What::Cut);
        faults.add(When::search().nth(2), What::Hang);
        assert!(faults.due(&page(1, "(mail=*)")).is_empty());
        assert_eq!(faults.due(&page(2, "(cn=*)"))[0].what, What::Hang);
        assert_eq!(faults.due(&page(2, "(mail=*)"))[0].what, What::Cut);
        assert!(faults.due(&page(2, "(mail=*)")).is_empty());
        assert!(faults.due(&Event::of(Operation::Bind)).is_empty());
    }

    #[test]
    fn a_fault_may_be_of_one_base_only() {
        let mut faults = Faults::default();
        faults.add(When::search().base_is("OU=Staff,DC=x"), What::Cut);
        let mut is_due = |base| {
            let event = Event {
                base,
                ..page(1, "(cn=*)")
            };
            !faults.due(&event).is_empty()
        };
        assert!(is_due("ou=staff,dc=X"));
        assert!(!is_due("CN=a,OU=Staff,DC=x"));
    }

    #[test]
    fn a_fault_can_begin_at_a_moment_and_stay() {
        let mut faults = Faults::default();
        faults.add(When::search().from(2), What::Cut);
        let mut is_due = || !faults.due(&page(1, "(cn=*)")).is_empty();
        assert_eq!([is_due(), is_due(), is_due()], [false, true, true]);
    }
}
