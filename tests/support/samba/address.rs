//! Owns the choice of a loopback address: tests run in parallel threads and
//! processes, and LDAP's ports are fixed, so every server needs its own.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports the server will listen on: LDAP, LDAPS, the global catalog's two, and those of a KDC.
const SERVER_PORTS: [u16; 6] = [389, 636, 3268, 3269, 88, 464];

/// Holding this port of an address is holding the address. The kernel gives it
/// back whenever and however the test process ends; a lock file would stay.
const RESERVATION_PORT: u16 = 20_389;

/// Addresses tried before giving up.
const ATTEMPTS: u32 = 1000;

/// 127.64.0.1 to 127.127.255.254: away from 127.0.0.1, where other servers live.
const FIRST_NETWORK: u32 = 64;
const NETWORKS: u32 = 64;

/// An address that no other test has, for as long as this value lives.
pub(crate) struct Reservation {
    ip: Ipv4Addr,
    _held: TcpListener,
}

impl Reservation {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Neighbouring process IDs start far apart, so that parallel test
        // processes rarely meet; when they do, the reservation decides.
        let start = std::process::id().wrapping_mul(2_654_435_761);
        for _ in 0..ATTEMPTS {
            let ip = nth_address(start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)));
            if let Some(held) = reserve(ip) {
                return Self { ip, _held: held };
            }
        }
        panic!(
            "no free loopback address for a server in {ATTEMPTS} attempts: \
             ports {SERVER_PORTS:?} must be bindable (root, or \
             `unshare --user --map-root-user --net` with its loopback up)"
        );
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }
}

fn reserve(ip: Ipv4Addr) -> Option<TcpListener> {
    let held = TcpListener::bind((ip, RESERVATION_PORT)).ok()?;
    // The server of a test that was just killed may still be closing down.
    SERVER_PORTS
        .iter()
        .all(|&port| TcpListener::bind((ip, port)).is_ok())
        .then_some(held)
}

fn nth_address(n: u32) -> Ipv4Addr {
    let [_, a, b, c] = (n % (NETWORKS << 16)).to_be_bytes();
    let network = u8::try_from(FIRST_NETWORK).unwrap_or(u8::MAX) + a;
    // .0 and .255 look like network and broadcast addresses to some tools.
    Ipv4Addr::new(127, network, b, c.clamp(1, 254))
}
