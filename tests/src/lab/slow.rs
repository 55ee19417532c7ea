//! A name server that takes its time: what is asked of one that is there reaches it late. Not here: the one that answers.

use std::net::UdpSocket;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::Namespace;

/// Where questions wait.
const PORT: u16 = 5300;

/// The delay, as long as this lives.
pub struct SlowUpstream {
    /// Dropping it ends what waits.
    _over: Sender<()>,
}

impl SlowUpstream {
    /// Everything that comes in by `wan` and is asked over UDP is answered so much later; TCP is not answered.
    pub fn start(namespace: &Namespace, delay: Duration) -> Self {
        let socket = namespace.inside(|| UdpSocket::bind(("0.0.0.0", PORT)).unwrap());
        namespace.nft("add table ip slow");
        namespace.nft("add chain ip slow early { type nat hook prerouting priority -100; }");
        namespace.nft(&format!("add rule ip slow early iifname wan udp dport 53 redirect to :{PORT}"));
        namespace.nft("add chain ip slow in { type filter hook input priority 0; }");
        namespace.nft("add rule ip slow in iifname wan tcp dport 53 drop");
        let (over, is_over) = channel::<()>();
        let is_over = std::sync::Arc::new(std::sync::Mutex::new(is_over));
        let name = namespace.name().to_owned();
        std::thread::spawn(move || {
            let mut question = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                let (socket, question, name) = (socket.try_clone().unwrap(), question[..length].to_vec(), name.clone());
                let is_over = std::sync::Arc::clone(&is_over);
                std::thread::spawn(move || {
                    let due = std::time::Instant::now() + delay;
                    // Nobody ever sends: it waits, or the laboratory is over. One waits at a time, the others for it.
                    if let Ok(is_over) = is_over.lock() {
                        let _ = is_over.recv_timeout(due.saturating_duration_since(std::time::Instant::now()));
                    }
                    let ask = || -> std::io::Result<Vec<u8>> {
                        let server = UdpSocket::bind("127.0.0.1:0")?;
                        server.set_read_timeout(Some(Duration::from_secs(2)))?;
                        server.send_to(&question, "127.0.0.1:53")?;
                        let mut answer = vec![0; 1500];
                        let length = server.recv(&mut answer)?;
                        answer.truncate(length);
                        Ok(answer)
                    };
                    if let Ok(answer) = super::inside(&name, ask) {
                        let _ = socket.send_to(&answer, from);
                    }
                });
            }
        });
        Self { _over: over }
    }
}
