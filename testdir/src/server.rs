//! The thread that listens, and its port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::state::Shared;

/// A port that stays ours while nothing listens on it: Linux lets two sockets
/// be bound to one address as long as only one of them listens.
struct Port {
    address: SocketAddr,
    _reservation: TcpSocket,
}

impl Port {
    fn bind(address: SocketAddr) -> Result<Self> {
        let reservation = bind(address)?;
        Ok(Self {
            address: reservation.local_addr()?,
            _reservation: reservation,
        })
    }

    fn listen(&self) -> Result<TcpListener> {
        Ok(bind(self.address)?.listen(1024)?)
    }
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket
        .bind(address)
        .with_context(|| format!("cannot listen on {address}"))?;
    Ok(socket)
}

/// Serves until `stop` is dropped; tells the address once the port is open.
pub(crate) fn run(
    shared: &Arc<Shared>,
    started: &std::sync::mpsc::Sender<Result<SocketAddr>>,
    stop: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            // Nobody waits for the answer any more if this fails.
            let _ = started.send(Err(error.into()));
            return;
        }
    };
    runtime.block_on(async {
        let opened = Port::bind(shared.settings.listen).and_then(|port| {
            let listener = port.listen()?;
            Ok((port, listener))
        });
        match opened {
            Ok((port, listener)) => {
                let _ = started.send(Ok(port.address));
                tokio::select! {
                    _ = stop => {}
                    () = accept(shared, &port, listener) => {}
                }
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
    });
}

async fn accept(shared: &Arc<Shared>, port: &Port, listener: TcpListener) {
    let mut accepting = shared.port_wishes();
    let mut listener = Some(listener);
    loop {
        if !*accepting.borrow_and_update() {
            listener = None;
        } else if listener.is_none() {
            listener = port.listen().ok();
        }
        shared.set_port_open(listener.is_some());
        let Some(open) = &listener else {
            if accepting.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = accepting.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => {
                    // Without it a small answer waits for the client's delayed ACK.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(Connection::new(Arc::clone(shared), stream).serve());
                }
                // Out of file descriptors, say: others will be closed in a while.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}
