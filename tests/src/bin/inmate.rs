//! The only program in the bare container besides `homeport`: what a shell would be used for there. Not a tool for
//! people; the tests of `container.rs` are its only caller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // A tool of tests only.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the dead may stay unburied.
const LIMIT: Duration = Duration::from_secs(10);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["say", rest @ ..] => println!("{}", rest.join("|")),
        ["variable", name] => println!("{}", std::env::var(name).unwrap_or_default()),
        // As a script's interpreter: the file, then `-c` and the script.
        ["note", file, ..] => std::fs::write(file, "noted\n").unwrap(),
        // A startup script that says something and then takes its time.
        ["hold", file, ..] => {
            println!("preparing the house");
            while !std::path::Path::new(file).exists() {
                std::thread::yield_now();
            }
        }
        ["orphans", count] => orphans(count.parse().unwrap()),
        ["parent"] => drop(myself("orphan").stdin(Stdio::piped()).spawn().unwrap()),
        ["orphan"] => {
            // The other end of this pipe is in the parent alone: its end is ours.
            let _ = std::io::stdin().read(&mut [0]);
        }
        ["zombies", expected] => println!("{}", zombies(expected.parse().unwrap())),
        ["serve"] => serve(),
        other => panic!("what is {other:?}?"),
    }
}

fn myself(word: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(word).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts parents that leave a child behind; all have ended when this returns, their children soon will.
fn orphans(count: usize) {
    for _ in 0..count {
        assert!(myself("parent").status().unwrap().success());
    }
}

/// Looks until as many zombies as expected are here (the last count otherwise).
fn zombies(expected: usize) -> usize {
    let start = Instant::now();
    loop {
        let count = count_zombies();
        if count == expected || start.elapsed() > LIMIT {
            return count;
        }
        std::thread::yield_now();
    }
}

fn count_zombies() -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    // The state follows the name, which is in parentheses and may hold anything.
    stats.filter(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))).count()
}

/// Says its port, then tells one caller what is in the root folder here.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let (mut caller, _) = listener.accept().unwrap();
    let mut names: Vec<String> =
        std::fs::read_dir("/").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    caller.write_all(names.join(" ").as_bytes()).unwrap();
}
