//! Connecting to a host by any of its addresses (RFC 8305).
//!
//! A domain controller's name often has several, and the domain's name has those of all its controllers. One that
//! does not answer must not delay the others: meanwhile the next is tried, and the first that answers is
//! used. A later failure on that connection is no reason to try another address: a password that
//! was refused once must not be tried again.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::opening::Deadline;
use crate::error::{Cause, Missed};
use crate::threads;
use crate::url::ServerUrl;

/// How long to wait for an address before the next is tried (RFC 8305, 5: "Connection Attempt Delay").
const DELAY: Duration = Duration::from_millis(250);
/// The least wait, where there are too many addresses to try before the deadline (RFC 8305, 8).
const LEAST_DELAY: Duration = Duration::from_millis(10);

/// An established connection.
#[derive(Debug)]
pub(super) struct Connected {
    pub stream: TcpStream,
    /// The address it is connected to.
    pub address: SocketAddr,
    /// The addresses tried before, which have not answered.
    pub missed: Vec<Missed>,
}

/// The addresses of a server. The operating system looks them up, which may take arbitrarily long.
pub async fn look_up(server: &ServerUrl) -> Result<Vec<SocketAddr>, Cause> {
    let (host, port) = (server.host().to_owned(), server.port());
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, answer) = oneshot::channel();
    let look_up = move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // After the deadline nobody is waiting.
        let _ = sender.send(found.map(Iterator::collect));
    };
    threads::spawn("adsync-look-up", look_up).map_err(Cause::NoThread)?;
    match answer.await {
        Ok(found) => found.map_err(Cause::Io),
        Err(_) => Err(Cause::Io(io::ErrorKind::Interrupted.into())),
    }
}

/// Connects to the first address of a host that answers, before the deadline.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    deadline: Deadline,
) -> Result<Connected, Cause> {
    let mut race = Race {
        addresses: interleaved(addresses),
        begun: 0,
        failed: Vec::new(),
    };
    let delay = delay(race.addresses.len(), deadline.left());
    let winner = deadline.over(race.run(delay)).await.ok().flatten();
    match winner {
        Some((address, stream)) => Ok(Connected {
            stream,
            address,
            missed: race.missed(Some(address)),
        }),
        None => Err(all_missed(race.missed(None), deadline)),
    }
}

/// A wait with which all of them are tried in the first half of the remaining time.
fn delay(addresses: usize, left: Duration) -> Duration {
    let attempts = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    (left / 2 / attempts).clamp(LEAST_DELAY, DELAY)
}

/// Each address once, the two families in turn, beginning with that of the first (RFC 8305, 4): where one of them
/// does not answer, the other is tried soon.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut each: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !each.contains(address) {
            each.push(*address);
        }
    }
    let is_first = each.first().map(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = each
        .into_iter()
        .partition(|it| Some(it.is_ipv4()) == is_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let in_turn = std::iter::from_fn(|| match (first.next(), second.next()) {
        (None, None) => None,
        (one, other) => Some(one.into_iter().chain(other)),
    });
    in_turn.flatten().collect()
}

/// Attempts to connect; the first to succeed cancels the others.
struct Race {
    addresses: Vec<SocketAddr>,
    /// How many attempts were started.
    begun: usize,
    failed: Vec<(SocketAddr, io::Error)>,
}

impl Race {
    /// `None` if no attempt succeeds.
    async fn run(&mut self, delay: Duration) -> Option<(SocketAddr, TcpStream)> {
        let mut attempts = JoinSet::new();
        loop {
            if let Some(&address) = self.addresses.get(self.begun) {
                self.begun += 1;
                attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            }
            let is_last = self.begun == self.addresses.len();
            let ended = if is_last {
                attempts.join_next().await?
            } else {
                match timeout(delay, attempts.join_next()).await {
                    Ok(ended) => ended?,
                    Err(_) => continue,
                }
            };
            match ended {
                Ok((address, Ok(stream))) => return Some((address, stream)),
                Ok((address, Err(error))) => self.failed.push((address, error)),
                // It panicked, which is a bug; it counts as one that never answered.
                Err(_) => {}
            }
        }
    }

    /// Those tried, except one, in order.
    fn missed(mut self, but: Option<SocketAddr>) -> Vec<Missed> {
        let tried = self.addresses[..self.begun].iter().copied();
        let others = tried.filter(|address| Some(*address) != but);
        others
            .map(|address| {
                let failed = self.failed.iter().position(|(it, _)| *it == address);
                let why = failed.map(|at| self.failed.swap_remove(at).1);
                Missed { address, why }
            })
            .collect()
    }
}

/// Why no connection was established.
fn all_missed(mut missed: Vec<Missed>, deadline: Deadline) -> Cause {
    if missed.len() > 1 {
        return Cause::Addresses(missed);
    }
    match missed.pop() {
        Some(Missed { why: None, .. }) => deadline.timeout(),
        Some(Missed {
            why: Some(error), ..
        }) => Cause::Io(error),
        None => {
            let what = "the name has no address";
            Cause::Io(io::Error::new(io::ErrorKind::NotFound, what))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
    use std::time::Instant;

    use tokio::net::TcpSocket;

    use super::*;

    fn addresses(text: &str) -> Vec<SocketAddr> {
        let parsed = text.split(' ').map(|it| {
            let v6 = it.parse::<Ipv6Addr>().map(|it| SocketAddr::from((it, 389)));
            let v4 = it.parse::<Ipv4Addr>().map(|it| SocketAddr::from((it, 389)));
            v6.or(v4).expect("an address")
        });
        parsed.collect()
    }

    fn deadline() -> Deadline {
        Deadline::new(Duration::from_secs(5))
    }

    /// A port that does not answer, because its queue is full.
    struct Silent {
        address: SocketAddr,
        _listener: tokio::net::TcpListener,
        _queue: TcpStream,
    }

    impl Silent {
        async fn at(ip: [u8; 4]) -> Self {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((ip, 0).into()).expect("a free port");
            let listener = socket.listen(0).expect("it listens");
            let address = listener.local_addr().expect("it has an address");
            let queue = TcpStream::connect(address).await.expect("the one it takes");
            Self {
                address,
                _listener: listener,
                _queue: queue,
            }
        }
    }

    fn listening(ip: [u8; 4]) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(SocketAddr::from((ip, 0))).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        (listener, address)
    }

    /// Nobody listens there any more.
    fn closed(ip: [u8; 4]) -> SocketAddr {
        listening(ip).1
    }

    fn what(missed: &[Missed]) -> Vec<(SocketAddr, &'static str)> {
        let why = |it: &Missed| match &it.why {
            None => "silent",
            Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => "refused",
            Some(_) => "?",
        };
        missed.iter().map(|it| (it.address, why(it))).collect()
    }

    #[test]
    fn families_take_turns_and_no_address_comes_twice() {
        for (found, tried) in [
            (
                "::1 ::2 ::3 10.0.0.1 10.0.0.2",
                "::1 10.0.0.1 ::2 10.0.0.2 ::3",
            ),
            ("10.0.0.1 ::1 ::2 10.0.0.1", "10.0.0.1 ::1 ::2"),
            ("10.0.0.2 10.0.0.1", "10.0.0.2 10.0.0.1"),
        ] {
            assert_eq!(interleaved(&addresses(found)), addresses(tried));
        }
        assert!(interleaved(&[]).is_empty());
    }

    #[test]
    fn all_are_tried_before_the_deadline_however_many_they_are() {
        let seconds = Duration::from_secs;
        assert_eq!(delay(2, seconds(5)), DELAY);
        assert_eq!(delay(100, seconds(5)), Duration::from_millis(25));
        assert_eq!(delay(5, seconds(1)), Duration::from_millis(100));
        assert_eq!(delay(10_000, seconds(5)), LEAST_DELAY);
        assert_eq!(delay(0, Duration::ZERO), LEAST_DELAY);
    }

    #[tokio::test]
    async fn a_silent_address_does_not_hide_the_next() {
        let silent = [
            Silent::at([127, 0, 0, 2]).await,
            Silent::at([127, 0, 0, 3]).await,
        ];
        let (_listener, there) = listening([127, 0, 0, 4]);
        let all = [silent[0].address, silent[1].address, there];
        let began = Instant::now();
        let connected = connect(&all, deadline()).await.expect("a connection");
        assert_eq!(connected.address, there);
        assert_eq!(connected.stream.peer_addr().expect("a peer"), there);
        let missed = [(all[0], "silent"), (all[1], "silent")];
        assert_eq!(what(&connected.missed), missed);
        // Not sooner either: the first is given its time.
        assert!((2 * DELAY..4 * DELAY).contains(&began.elapsed()));
    }

    #[tokio::test]
    async fn behind_one_that_refuses_the_next_is_tried_at_once() {
        let refusing = [closed([127, 0, 0, 2]), closed([127, 0, 0, 3])];
        let (_listener, there) = listening([127, 0, 0, 4]);
        let began = Instant::now();
        let connected = connect(&[refusing[0], refusing[1], there], deadline()).await;
        let connected = connected.expect("a connection");
        assert_eq!(connected.address, there);
        let missed = [(refusing[0], "refused"), (refusing[1], "refused")];
        assert_eq!(what(&connected.missed), missed);
        assert!(began.elapsed() < DELAY, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_first_that_answers_is_the_only_one() {
        let (_listener, there) = listening([127, 0, 0, 2]);
        let (other, its_address) = listening([127, 0, 0, 3]);
        let connected = connect(&[there, its_address], deadline()).await;
        let connected = connected.expect("a connection");
        assert_eq!(connected.address, there);
        assert!(connected.missed.is_empty());
        other.set_nonblocking(true).expect("it can be set");
        assert!(other.accept().is_err(), "nobody came");
    }

    #[tokio::test]
    async fn where_all_fail_each_is_said() {
        let silent = Silent::at([127, 0, 0, 2]).await;
        let all = [silent.address, closed([127, 0, 0, 3])];
        let began = Instant::now();
        let deadline = Deadline::new(Duration::from_secs(1));
        let Err(Cause::Addresses(missed)) = connect(&all, deadline).await else {
            panic!("none answers");
        };
        assert_eq!(what(&missed), [(all[0], "silent"), (all[1], "refused")]);
        assert!(began.elapsed() < Duration::from_secs(2));
        let one = connect(&all[..1], Deadline::new(Duration::from_millis(100))).await;
        assert!(matches!(one, Err(Cause::Timeout(_))));
        let none = connect(&[], deadline).await;
        assert!(matches!(none, Err(Cause::Io(_))));
    }
}
