//! The program as the desktop knows it: an entry with actions, icons, and which links it opens. All of it in the person's own
//! folders, and all of it taken back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use client::sessions::file::read_short;

use crate::autostart::quoted;
use crate::icon::Icon;
use crate::{link, mimeapps};

/// Name of the entry, and of the one that opens `coder://` links, which is there only when it was switched on.
pub const ENTRY: &str = "homeport-desktop.desktop";
const CODER_ENTRY: &str = "homeport-desktop-coder.desktop";
/// Beside the settings: who opened `coder://` before us.
const BEFORE: &str = "coder-links-before";

/// Where the entry, the icons and the associations of this person are.
#[derive(Debug, Clone)]
pub struct Places {
    /// `~/.local/share`.
    pub data: PathBuf,
    /// `~/.config`.
    pub config: PathBuf,
}

impl Places {
    fn entry(&self, name: &str) -> PathBuf {
        self.data.join("applications").join(name)
    }

    fn associations(&self) -> PathBuf {
        self.config.join("mimeapps.list")
    }

    /// The icon of the program, in colour, and those of the tray, which themes colour.
    fn icons(&self) -> Vec<(PathBuf, String)> {
        let icons = self.data.join("icons/hicolor");
        let in_colour = Icon::On.svg().replace("#232629", "#2f6fed");
        let of_tray = Icon::ALL.map(|icon| (icons.join(format!("symbolic/apps/{}.svg", icon.name())), icon.svg()));
        std::iter::once((icons.join("scalable/apps/homeport.svg"), in_colour)).chain(of_tray).collect()
    }
}

/// Writes entry and icons, and opens `homeport://` links from now on.
///
/// # Errors
/// A sentence for people.
pub fn install(places: &Places, program: &Path) -> Result<(), String> {
    let done = || -> io::Result<()> {
        for (path, text) in places.icons() {
            write(&path, &text)?;
        }
        write(&places.entry(ENTRY), &entry(program))?;
        associate(places, link::SCHEME, ENTRY).map(|_| ())
    };
    done().map_err(|error| format!("cannot install into {}: {error}", places.data.display()))
}

/// Takes all of it back, `coder://` as well.
///
/// # Errors
/// A sentence for people.
pub fn uninstall(places: &Places) -> Result<(), String> {
    set_coder_links(places, false, Path::new("/"))?;
    let done = || -> io::Result<()> {
        dissociate(places, link::SCHEME, ENTRY, None)?;
        for path in places.icons().into_iter().map(|(path, _)| path).chain([places.entry(ENTRY)]) {
            remove(&path)?;
        }
        Ok(())
    };
    done().map_err(|error| format!("cannot remove from {}: {error}", places.data.display()))
}

/// Opens `coder://` links, or leaves them to whoever opened them before.
///
/// # Errors
/// A sentence for people.
pub fn set_coder_links(places: &Places, is_on: bool, program: &Path) -> Result<(), String> {
    let memory = places.config.join("homeport").join(BEFORE);
    let done = || -> io::Result<()> {
        if is_on {
            write(&places.entry(CODER_ENTRY), &coder_entry(program))?;
            if let Some(before) = associate(places, link::CODER_SCHEME, CODER_ENTRY)? {
                write(&memory, &before)?;
            }
            return Ok(());
        }
        let before = read_short(&memory)?;
        dissociate(places, link::CODER_SCHEME, CODER_ENTRY, before.as_deref().map(str::trim))?;
        remove(&memory)?;
        remove(&places.entry(CODER_ENTRY))
    };
    done().map_err(|error| format!("who opens coder:// links cannot be changed: {error}"))
}

fn associate(places: &Places, scheme: &str, id: &str) -> io::Result<Option<String>> {
    let path = places.associations();
    let text = read(&path)?;
    let (changed, before) = mimeapps::with(&text, scheme, id);
    if changed != text {
        write(&path, &changed)?;
    }
    Ok(before)
}

fn dissociate(places: &Places, scheme: &str, id: &str, before: Option<&str>) -> io::Result<()> {
    let path = places.associations();
    let text = read(&path)?;
    let changed = mimeapps::without(&text, scheme, id, before);
    match changed.is_empty() {
        _ if changed == text => Ok(()),
        true => remove(&path),
        false => write(&path, &changed),
    }
}

/// The desktop's own files may be longer than ours.
fn read(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// Old or new, never half.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link (files kept elsewhere) stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let beside = path.with_extension(format!("homeport-{}", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, &path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn entry(program: &Path) -> String {
    let program = quoted(&program.to_string_lossy());
    format!(
        "[Desktop Entry]\nType=Application\nName=Homeport\nGenericName=Workspaces\n\
         Comment=Your workspaces in the tray, wherever they run\nExec=\"{program}\" %u\nIcon=homeport\nTerminal=false\n\
         Categories=Network;Development;\nKeywords=workspace;ssh;vpn;coder;\nMimeType=x-scheme-handler/homeport;\n\
         StartupNotify=false\nActions=connect;disconnect;open;\n\n\
         [Desktop Action connect]\nName=Connect\nExec=\"{program}\" --connect\n\n\
         [Desktop Action disconnect]\nName=Disconnect\nExec=\"{program}\" --disconnect\n\n\
         [Desktop Action open]\nName=Open the dashboard\nExec=\"{program}\" --open\n"
    )
}

fn coder_entry(program: &Path) -> String {
    let program = quoted(&program.to_string_lossy());
    format!(
        "[Desktop Entry]\nType=Application\nName=Homeport (coder:// links)\nExec=\"{program}\" %u\nIcon=homeport\n\
         Terminal=false\nNoDisplay=true\nMimeType=x-scheme-handler/coder;\nStartupNotify=false\n"
    )
}

#[cfg(test)]
mod tests;
