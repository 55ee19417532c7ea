//! Names every command of the windows, so that Tauri refuses each one that no capability grants to the asking window.

/// The only list of commands; `src/commands.rs` registers the same, and a test compares both.
const COMMANDS: &[&str] = &[
    "request",
    "stream_open",
    "stream_send",
    "stream_close",
    "open_address",
    "painted",
    "menu_open",
    "menu_click",
    "start_tray",
];

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        // The reason is for whoever builds; a backtrace would hide it.
        println!("cargo::error={error:#}");
    }
    println!("cargo::rustc-env=HOMEPORT_WINDOW_COMMANDS={}", COMMANDS.join(" "));
}
