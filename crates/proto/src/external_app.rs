//! Addresses of external apps: a template's word for something outside the deployment. Who opens one hands it to another
//! program, so what may be handed over is one list for the tray and the windows.

/// Schemes that programs in which people work have registered. Nothing that runs, mounts or reads a file.
pub const PROGRAMS: &[&str] = &[
    "vscode",
    "vscode-insiders",
    "vscodium",
    "cursor",
    "windsurf",
    "positron",
    "kiro",
    "trae",
    "zed",
    "jetbrains",
    "jetbrains-gateway",
];
/// Other products replace this literal by the session token (spec `coder-connect.md` 1.5). Ours never do: an address ends
/// up in histories, logs and lists of processes.
pub const TOKEN_MARK: &str = "$SESSION_TOKEN";
