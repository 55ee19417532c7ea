//! WebKitWebDriver and one window that it drives: the few calls of the WebDriver protocol that are needed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tests::desk::{LATER, until};

/// A call may take as long as a page does on a busy machine.
const CALL: Duration = Duration::from_secs(60);

/// A driven window; its end ends the window's program too.
pub struct Driver {
    process: Child,
    http: reqwest::Client,
    base: String,
}

impl Driver {
    /// Starts the driver by this command, and with it the program with these arguments.
    pub async fn start(mut command: Command, program: &str, arguments: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        command.args(["--host=127.0.0.1", &format!("--port={port}")]).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        client::tls::install();
        let http = reqwest::Client::builder().no_proxy().timeout(CALL).build().unwrap();
        let mut driver = Self { process, http, base: format!("http://127.0.0.1:{port}") };
        let is_ready = || async { driver.http.get(format!("{}/status", driver.base)).send().await.ok() };
        until(LATER, "the driver answers", is_ready).await;
        let options = json!({ "binary": program, "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let session = driver.post("/session", &wanted).await;
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}"));
        driver.base = format!("{}/session/{id}", driver.base);
        driver
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(path, body).await.unwrap()
    }

    async fn ask(&self, path: &str, body: &Value) -> reqwest::Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await?;
        let mut answer: Value = answer.json().await?;
        Ok(answer["value"].take())
    }

    /// Runs a script whose last argument is the function to call with the result.
    pub async fn script(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] })).await
    }

    /// What is written on the page.
    pub async fn text(&self) -> String {
        let text = self.script("arguments[0](document.body.innerText)").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page shows these words.
    pub async fn shows(&self, words: &str) {
        let is_there = || async { self.text().await.contains(words).then_some(()) };
        if tokio::time::timeout(LATER, until(LATER * 2, words, is_there)).await.is_err() {
            panic!("the page never showed {words:?}, but:\n{}", self.text().await);
        }
    }

    /// Waits until what the page holds now was drawn.
    pub async fn is_drawn(&self) {
        let frames =
            "const next = (left) => left ? requestAnimationFrame(() => next(left - 1)) : arguments[0](); next(5)";
        self.script(&frames.replace("arguments[0]", "done").replacen("const", "const done = arguments[0],", 1)).await;
    }

    /// The path of the page that is shown.
    pub async fn path(&self) -> String {
        self.script("arguments[0](location.href)").await.as_str().unwrap_or_default().to_owned()
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let done = self.strike(keys).await.unwrap();
        assert!(done.is_null(), "{keys:?}: {done}");
    }

    /// Presses keys that may close the window: then there is nobody left to hear of the key that is let go.
    pub async fn press_last(&self, keys: &str) {
        let _ = self.strike(keys).await;
    }

    async fn strike(&self, keys: &str) -> reqwest::Result<Value> {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.ask("/actions", &actions).await
    }

    /// Makes the window as large as the screen.
    pub async fn fill(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({ "x": 0, "y": 0, "width": width, "height": height })).await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
