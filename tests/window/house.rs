//! A desktop with a server of this computer on it, and a window.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use tests::binary;
use tests::desk::{Desk, LATER, until};

use super::driver::Driver;

/// What is missing to run these tests, said loudly. `make test` builds and installs it.
pub fn program(test: &str) -> Option<PathBuf> {
    let program = binary::path("homeport-desktop").with_file_name("homeport-window");
    let has =
        |name: &str| std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|path| path.join(name).is_file());
    if !program.is_file() {
        eprintln!("SKIPPED {test}: homeport-window is not built (make window)");
    } else if !has("Xvfb") || !has("WebKitWebDriver") {
        eprintln!("SKIPPED {test}: Xvfb or WebKitWebDriver not installed (make window-packages)");
    } else {
        return Some(program);
    }
    None
}

/// The desktop, and the server on it.
pub struct House {
    pub desk: Desk,
    pub program: PathBuf,
    server: Option<Child>,
}

impl House {
    /// A server with the workspace `box`, running.
    pub async fn start(program: PathBuf) -> Self {
        let mut desk = Desk::start().await;
        // A slow machine draws late; only the test of blank windows wants to see impatience.
        desk.set("HOMEPORT_WINDOW_PATIENCE", "120000");
        std::fs::create_dir_all(desk.path("home/.local/share/homeport/server")).unwrap();
        let mut house = Self { desk, program, server: None };
        house.start_server();
        let lists = || async {
            let list = binary::output(&mut house.desk.homeport(&["list"]));
            String::from_utf8_lossy(&list.stdout).contains("Running").then_some(())
        };
        until(LATER, "box runs", lists).await;
        house
    }

    fn start_server(&mut self) {
        let mut server = self.desk.command(binary::path("homeport-server"));
        let log = File::options().create(true).append(true).open(self.desk.path("server.log")).unwrap();
        server.args(["--first-workspace", "box"]).stdout(Stdio::null()).stderr(log);
        self.server = Some(server.spawn().unwrap());
    }

    pub fn kill_server(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// A window that is driven.
    pub async fn window(&self, arguments: &[&str], sabotage: Option<&str>) -> Driver {
        let mut command = self.desk.command("WebKitWebDriver");
        command.env("TAURI_WEBVIEW_AUTOMATION", "true");
        if let Some(row) = sabotage {
            command.env("HOMEPORT_TEST_SABOTAGE", row);
        }
        let log = File::options().create(true).append(true).open(self.desk.path("window.log")).unwrap();
        command.stderr(log);
        Driver::start(command, self.program.to_str().unwrap(), arguments).await
    }

    /// The session of this computer's server, as a file holds it.
    pub fn token(&self) -> String {
        let file = self.desk.path("home/.local/share/homeport/server/local-session.json");
        let content: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        content["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.desk.screenshot("window-failed");
            eprintln!("window log:\n{}", std::fs::read_to_string(self.desk.path("window.log")).unwrap_or_default());
        }
        self.kill_server();
    }
}
