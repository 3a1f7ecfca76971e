//! The servers of a domain: the SRV records of its domain controllers (RFC 2782; MS-ADTS 6.3.2.3).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use ldap::ServerUrl;

use super::error::DirectoryError;
use super::options::{Options, ServerSource};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    priority: u16,
    weight: u16,
    port: u16,
    host: String,
}

/// The servers in the order to try them; among those equal in the DNS, the
/// preferred one first.
pub fn servers(
    settings: &Options,
    preferred: Option<&str>,
) -> Result<Vec<ServerUrl>, DirectoryError> {
    let (domain, dns_server, allowed) = match &settings.servers {
        ServerSource::Urls(urls) => return Ok(urls.clone()),
        ServerSource::Domain {
            name,
            dns_server,
            allowed,
        } => (name, *dns_server, allowed),
    };
    let none = |why| DirectoryError::NoServers {
        domain: domain.clone(),
        why,
    };
    let records = look_up(domain, dns_server, settings.limits.connect_timeout).map_err(none)?;
    let (records, outside): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|it| is_of_domain(&it.host, domain, allowed));
    for record in &outside {
        log::warn!(
            "the DNS names {} for the domain {domain}, which lies outside of it and is not in allowed_servers: passed over",
            record.host
        );
    }
    if records.is_empty() && !outside.is_empty() {
        let hosts = outside.iter().map(|it| it.host.trim_end_matches('.'));
        return Err(DirectoryError::OutsideServers {
            domain: domain.clone(),
            hosts: hosts.map(str::to_owned).collect(),
        });
    }
    let mut records = in_order(records, random);
    if let Some(host) = preferred {
        put_first(&mut records, host);
    }
    let servers: Vec<ServerUrl> = records
        .into_iter()
        .filter_map(|record| url(&record, settings.starttls))
        .collect();
    if servers.is_empty() {
        // A target of "." means that the service is not available (RFC 2782, "Target").
        return Err(none(
            "its SRV records name no server that can be used".to_owned(),
        ));
    }
    let names: Vec<String> = servers.iter().map(ServerUrl::to_string).collect();
    log::info!("the domain {domain} has {}", names.join(", "));
    Ok(servers)
}

/// Whether a server may be used for a domain: the DNS proves nothing, and the password goes there.
fn is_of_domain(host: &str, domain: &str, allowed: &[String]) -> bool {
    let normal = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let (host, domain) = (normal(host), normal(domain));
    host == domain
        || host
            .strip_suffix(&domain)
            .is_some_and(|it| it.ends_with('.'))
        || allowed.iter().any(|it| normal(it) == host)
}

/// The records name the port of plain LDAP; LDAPS has its own.
fn url(record: &Record, starttls: bool) -> Option<ServerUrl> {
    let host = record.host.trim_end_matches('.');
    let text = if starttls {
        format!("ldap://{host}:{}", record.port)
    } else {
        format!("ldaps://{host}")
    };
    ServerUrl::try_from(text).ok()
}

fn look_up(
    domain: &str,
    dns_server: Option<SocketAddr>,
    timeout: Duration,
) -> Result<Vec<Record>, String> {
    let name = format!("_ldap._tcp.dc._msdcs.{}.", domain.trim_end_matches('.'));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let answer = runtime.block_on(async {
        let resolver = resolver(dns_server).map_err(|error| error.to_string())?;
        let look_up = resolver.srv_lookup(name.as_str());
        match tokio::time::timeout(timeout, look_up).await {
            Err(_) => Err(format!("no answer within {} s", timeout.as_secs())),
            Ok(Err(error)) => Err(format!("{name}: {error}")),
            Ok(Ok(answer)) => Ok(answer
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(Record {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        host: srv.target.to_utf8(),
                    }),
                    _ => None,
                })
                .collect::<Vec<_>>()),
        }
    });
    runtime.shutdown_background();
    match answer {
        Ok(records) if records.is_empty() => Err(format!("{name} has no SRV record")),
        other => other,
    }
}

fn resolver(
    dns_server: Option<SocketAddr>,
) -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let provider = TokioRuntimeProvider::default();
    let builder = match dns_server {
        None => TokioResolver::builder(provider)?,
        Some(server) => {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut name_server.connections {
                connection.port = server.port();
            }
            let config = ResolverConfig::from_parts(None, vec![], vec![name_server]);
            TokioResolver::builder_with_config(config, provider)
                .with_options(ResolverOpts::default())
        }
    };
    builder.build()
}

/// Sorts by priority, and within a priority draws by weight (RFC 2782, "Weight"). `draw` gives a number
/// from 0 up to and including its argument.
fn in_order(mut records: Vec<Record>, mut draw: impl FnMut(u32) -> u32) -> Vec<Record> {
    // Within a priority, records without weight come first and have a very small chance.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let same = records.iter().take_while(|it| it.priority == priority);
        let weights: Vec<u32> = same.map(|it| u32::from(it.weight)).collect();
        let drawn = draw(weights.iter().sum());
        let mut sum = 0;
        let at = weights.iter().position(|weight| {
            sum += weight;
            sum >= drawn
        });
        ordered.push(records.remove(at.unwrap_or(0)));
    }
    ordered
}

/// Puts a server before those of the same priority, if it has the highest; `host` is its name without the
/// domain.
fn put_first(records: &mut [Record], host: &str) {
    let first = records.first().map(|it| it.priority);
    let is_it = |record: &Record| {
        let name = record.host.split('.').next();
        Some(record.priority) == first && name.is_some_and(|it| it.eq_ignore_ascii_case(host))
    };
    if let Some(at) = records.iter().position(is_it) {
        records[..=at].rotate_right(1);
    }
}

fn random(up_to: u32) -> u32 {
    let number = RandomState::new().hash_one(up_to);
    u32::try_from(number % (u64::from(up_to) + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, host: &str) -> Record {
        Record {
            priority,
            weight,
            port: 389,
            host: host.to_owned(),
        }
    }

    fn hosts(records: Vec<Record>, draw: impl FnMut(u32) -> u32) -> Vec<String> {
        in_order(records, draw)
            .into_iter()
            .map(|it| it.host)
            .collect()
    }

    #[test]
    fn priorities_come_in_order_and_weights_by_draw() {
        let records = || {
            vec![
                record(1, 100, "far"),
                record(0, 100, "b"),
                record(0, 10, "a"),
            ]
        };
        assert_eq!(hosts(records(), |_| 0), ["a", "b", "far"]);
        assert_eq!(hosts(records(), |up_to| up_to), ["b", "a", "far"]);
    }

    #[test]
    fn a_server_is_preferred_to_its_equals_only() {
        let preferring = |host: &str| {
            let mut records = vec![
                record(0, 1, "dc1.corp.example.com."),
                record(0, 1, "dc2.corp.example.com."),
                record(1, 1, "dc3.corp.example.com."),
            ];
            put_first(&mut records, host);
            let hosts = records.into_iter().map(|it| it.host[..3].to_owned());
            hosts.collect::<Vec<_>>()
        };
        assert_eq!(preferring("DC2"), ["dc2", "dc1", "dc3"]);
        assert_eq!(preferring("dc1"), ["dc1", "dc2", "dc3"]);
        assert_eq!(preferring("dc3"), ["dc1", "dc2", "dc3"]);
        assert_eq!(preferring("dc"), ["dc1", "dc2", "dc3"]);
    }

    #[test]
    fn a_server_outside_the_domain_is_none_of_it() {
        let allowed = ["DC9.partner.example.".to_owned()];
        let is = |host: &str| is_of_domain(host, "corp.example.com", &allowed);
        assert!(
            is("dc1.corp.example.com.") && is("DC1.Corp.Example.com") && is("corp.example.com")
        );
        assert!(is("dc9.partner.example"));
        for host in [
            "evil.com",
            "evilcorp.example.com",
            "corp.example.com.evil.com",
            "",
            ".",
        ] {
            assert!(!is(host), "{host}");
        }
    }

    #[test]
    fn every_draw_gives_every_server_once() {
        for drawn in 0..=120 {
            let records = vec![record(0, 0, "a"), record(0, 20, "b"), record(0, 100, "c")];
            let mut hosts = hosts(records, |up_to| drawn.min(up_to));
            hosts.sort();
            assert_eq!(hosts, ["a", "b", "c"]);
        }
    }

    #[test]
    fn the_heavier_server_is_drawn_more_often() {
        let first = |_| hosts(vec![record(0, 10, "a"), record(0, 90, "b")], random).remove(0);
        let heavy = (0..1000).map(first).filter(|host| host == "b").count();
        assert!((800..980).contains(&heavy), "{heavy}");
    }
}
