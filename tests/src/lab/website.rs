//! A small web server on the loopback address of a network namespace: what a person develops in a workspace. One page,
//! whose text is made by its script.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use super::Namespace;

/// What only a browser that runs the page's script shows.
pub const MADE_BY_SCRIPT: &str = "the answer is 42";
const PAGE: &str = "<!doctype html><title>box</title><p>from the workspace</p>\
                    <script>document.body.append('the answer is ' + 6 * 7)</script>";

/// A running web server; it ends when it is dropped.
pub struct Website {
    listener: TcpListener,
}

impl Website {
    /// Listens on 127.0.0.1 of a namespace.
    pub fn start(namespace: &Namespace, port: u16) -> Self {
        let listener = namespace.inside(move || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
        let accepting = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = accepting.accept() {
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { listener }
    }
}

impl Drop for Website {
    fn drop(&mut self) {
        // Wakes the accepting thread as well.
        let _ = nix::sys::socket::shutdown(self.listener.as_raw_fd(), nix::sys::socket::Shutdown::Both);
    }
}

fn serve(stream: TcpStream) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let asked = lines.next().unwrap_or_default();
    let _ = lines.find(String::is_empty);
    let (status, body) = if asked.starts_with("GET / ") { ("200 OK", PAGE) } else { ("404 Not Found", "") };
    let _ = write!(
        &stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.shutdown(Shutdown::Write);
}
