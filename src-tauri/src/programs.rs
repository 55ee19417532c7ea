//! Looks on PATH for the programs that open things. What is started how is in `open.rs`.

use std::path::Path;

use client::installed::{self, is_program};

use crate::open::{Programs, RemoteDesktop};

/// Terminals in the order of preference, with what stands before a command.
const TERMINALS: &[(&str, &[&str])] = &[
    ("xdg-terminal-exec", &[]),
    ("x-terminal-emulator", &["-e"]),
    ("gnome-terminal", &["--"]),
    ("kgx", &["--"]),
    ("konsole", &["-e"]),
    ("xfce4-terminal", &["-x"]),
    ("alacritty", &["-e"]),
    ("kitty", &[]),
    ("foot", &[]),
    ("xterm", &["-e"]),
];
/// VS Code and what descends from it: all take `--remote`.
const EDITORS: &[(&str, &str)] = &[
    ("VS Code", "code"),
    ("VS Code Insiders", "code-insiders"),
    ("VSCodium", "codium"),
    ("Cursor", "cursor"),
    ("Windsurf", "windsurf"),
    ("Positron", "positron"),
    ("Kiro", "kiro"),
    ("Trae", "trae"),
    ("Antigravity", "antigravity"),
];
const REMOTE_DESKTOPS: &[(RemoteDesktop, &str)] = &[
    (RemoteDesktop::FreeRdp, "xfreerdp3"),
    (RemoteDesktop::FreeRdp, "xfreerdp"),
    (RemoteDesktop::FreeRdp, "sdl-freerdp"),
    (RemoteDesktop::Remmina, "remmina"),
];

/// What is installed. `path` is the variable PATH; `beside` the folder of our own programs.
pub fn find(path: &str, beside: Option<&Path>, data_home: Option<&Path>) -> Programs {
    let on_path = |name: &str| installed::find(path, name);
    let beside = |name: &str| beside.map(|folder| folder.join(name)).filter(|program| is_program(program));
    let toolbox = data_home.map(|folder| folder.join("applications/jetbrains-toolbox.desktop"));
    Programs {
        homeport: beside("homeport").or_else(|| on_path("homeport")),
        window: beside("homeport-window").or_else(|| on_path("homeport-window")),
        terminal: TERMINALS.iter().find_map(|(name, before)| Some((on_path(name)?, *before))),
        editors: EDITORS.iter().filter_map(|(name, program)| Some((*name, on_path(program)?))).collect(),
        remote_desktop: REMOTE_DESKTOPS.iter().find_map(|(kind, name)| Some((*kind, on_path(name)?))),
        has_toolbox: on_path("jetbrains-toolbox").is_some() || toolbox.is_some_and(|file| file.is_file()),
        opener: on_path("xdg-open"),
    }
}
