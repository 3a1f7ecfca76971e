//! The rootDSE, in which a server says what it is and what it can do.

use crate::directory::Directory;
use crate::settings::{Kind, Settings};
use crate::time;

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
pub(crate) const SHOW_RECYCLED: &str = "1.2.840.113556.1.4.2064";
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
const SEARCH_OPTIONS: &str = "1.2.840.113556.1.4.1340";
const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
/// The capability that marks Active Directory.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// The controls this server takes.
pub(crate) fn controls(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ActiveDirectory => &[
            PAGED_RESULTS,
            SHOW_DELETED,
            SHOW_RECYCLED,
            SD_FLAGS,
            SEARCH_OPTIONS,
            MANAGE_DSA_IT,
        ],
        Kind::PlainLdap => &[PAGED_RESULTS, MANAGE_DSA_IT],
    }
}

pub(crate) fn root_dse(
    settings: &Settings,
    directory: &Directory,
) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let base = settings.base.to_string();
    let mut attributes = vec![
        ("objectClass", values(&["top"])),
        ("supportedControl", values(controls(settings.kind))),
        ("supportedLDAPVersion", values(&["3"])),
        ("subschemaSubentry", values(&[&settings.subschema()])),
    ];
    if settings.kind == Kind::PlainLdap {
        attributes.push(("namingContexts", with_more(&[&base], settings)));
        return attributes;
    }
    let configuration = settings.configuration();
    let schema = format!("CN=Schema,{configuration}");
    let usn = directory.highest_usn().to_string();
    attributes.extend([
        ("currentTime", values(&[&time::now()])),
        (
            "namingContexts",
            with_more(&[&base, &configuration, &schema], settings),
        ),
        ("defaultNamingContext", values(&[&base])),
        ("rootDomainNamingContext", values(&[&base])),
        ("configurationNamingContext", values(&[&configuration])),
        ("schemaNamingContext", values(&[&schema])),
        ("dnsHostName", values(&[&settings.dns_host_name()])),
        ("dsServiceName", values(&[&settings.ds_service_name()])),
        ("highestCommittedUSN", values(&[&usn])),
        (
            "supportedCapabilities",
            values(&[ACTIVE_DIRECTORY, "1.2.840.113556.1.4.1670"]),
        ),
        (
            "supportedLDAPPolicies",
            values(&["MaxPageSize", "MaxValRange"]),
        ),
        ("isSynchronized", values(&["TRUE"])),
    ]);
    attributes
}

fn with_more(contexts: &[&str], settings: &Settings) -> Vec<Vec<u8>> {
    let more = settings.more_contexts.iter();
    let mut all = values(contexts);
    all.extend(more.map(|it| it.to_string().into_bytes()));
    all
}

/// Puts other values in the place of the true ones.
pub(crate) fn alter(
    attributes: &mut Vec<(&'static str, Vec<Vec<u8>>)>,
    instead: &[(String, Vec<Vec<u8>>)],
) {
    for (name, values) in instead {
        for (own, true_values) in attributes.iter_mut() {
            if own.eq_ignore_ascii_case(name) {
                true_values.clone_from(values);
            }
        }
    }
    attributes.retain(|(_, values)| !values.is_empty());
}

fn values(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
